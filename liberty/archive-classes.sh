#!/usr/bin/env bash
# Starts and stops the server of the image, so that its JVM writes an archive of the classes that it has loaded. Fails if the
# configuration is unusable. Runs while the image is built.
#
# Usage: archive-classes.sh FILE
set -euo pipefail

archive=$1
is_live() { exec 3<> /dev/tcp/127.0.0.1/9080 && printf 'GET /health/live HTTP/1.0\r\n\r\n' >&3 && grep -qm 1 ' 200 ' <&3; }

JVM_ARGS="-XX:ArchiveClassesAtExit=$archive" server run > /tmp/console.log 2>&1 &
attempts=120
until (is_live) 2> /dev/null; do
  [ $((attempts -= 1)) -gt 0 ] || { cat /tmp/console.log >&2; exit 1; }
  sleep 1
done
server stop
# until the archive is written
wait $!
if grep -E 'CWWKF0001E|CWWKF0042E|CWWKG0014E' /logs/messages.log || [ ! -s "$archive" ]; then
  cat /tmp/console.log >&2
  exit 1
fi
rm -rf /logs/* /output/* /output/.[!.]* /tmp/console.log
