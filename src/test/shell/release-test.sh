#!/usr/bin/env bash
# Builds a release twice and compares the bytes, upgrades a pipeline with data from the version before to the runnable server,
# and checks what that server leaves behind. Prints one line for each check.
#
# Usage: release-test.sh [--rows NUMBER] [--help]
#   --rows NUMBER   before the upgrade, store as many rows; during it, send 1,000 events per second
# Environment: TOOLS_REQUIRED=true   fail instead of skipping when something is missing
#
# Needs what `mvn` needs, and psql, curl and git. Builds without a Docker engine, so the archive of the image is left out.
set -uo pipefail

# shellcheck source=SCRIPTDIR/checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

large=0
while [ $# -gt 0 ]; do
  case $1 in
    --rows) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || { usage >&2; leave 2; }; large=$2; shift ;;
    -h | --help) usage; leave 0 ;;
    *) usage >&2; leave 2 ;;
  esac
  shift
done

# the last commit before the first release
before=65864bf
old_port=28481 new_port=28480
one=$work/one
export DOCKER_HOST=unix://$work/no-engine
# where `java -jar` unpacks the server
export WLP_JAR_EXTRACT_ROOT=$work/unpacked

diagnose() { tail -n 20 "$work"/*.log; }
cleanup() {
  local name
  rm -f "$work/sending"
  for name in new old backends; do stop $name > /dev/null; done
}

# Nothing of a run may get into the other: another directory, another time, another time zone, another order of the files
build() { # DIRECTORY
  local command
  command=$(documented_commands 'release' docs/CONTRIBUTING.md) || return 1
  mkdir "$1" && cp -r pom.xml sql src liberty docker-compose.yml "$1" || return 1
  # without the tests, which ran already
  mkdir "$1/.mvn" && printf '%s\n' -B -ntp -Dmaven.test.skip -Dspotless.check.skip > "$1/.mvn/maven.config" || return 1
  (cd "$1" && bash -euc "$command") > "$1.build.log" 2>&1
}
is_reproducible() {
  build "$one" && TZ=Asia/Tokyo build "$work/the-other" || { tail -n 30 "$work"/*.build.log; return 1; }
  cat "$one/target/release/SHA256SUMS"
  diff -r "$one/target/release" "$work/the-other/target/release" && [ "$(released | wc -l)" = 4 ]
}
released() { (cd "$one/target/release" && ls); }
checksums_are_right() { (cd "$one/target/release" && sha256sum --check --strict SHA256SUMS) && [ "$(wc -l < "$one/target/release/SHA256SUMS")" = 3 ]; }
lists_every_library() {
  local library status=0
  for library in $(jar tf "$one"/target/release/*.war | sed -n 's,^WEB-INF/lib/\(.*\)\.jar$,\1,p' | sed 's/-[0-9].*//'); do
    grep -q "\"name\" : \"$library\"" "$one"/target/release/*-sbom.json || { echo "the list lacks $library"; status=1; }
  done
  return $status
}
says_that_the_image_is_missing() { grep 'archive of the image is left out: no Docker engine' "$one.build.log"; }
# the server of a build has passwords in its server.env; this one must not
has_no_secrets() {
  mkdir "$work/inside" && cd "$work/inside" && jar xf "$one"/target/release/*-server.jar wlp/usr/servers || return 1
  find . -type f
  [ -s wlp/usr/servers/defaultServer/server.env ] || return 1
  ! grep -rIiE 'password *="?[^"$]' wlp/usr/servers || return 1
  ! find . -path '*/workarea*' -o -path '*/logs*' -o -path '*/configDropins*' -o -name '*.p12' | grep .
}

# Starts a command as a process group of its own, with the addresses of the backends.
start() { # NAME DIRECTORY COMMAND...
  local name=$1 directory=$2
  shift 2
  (set -a && { [ ! -e "$work/settings" ] || . "$work/settings"; } && cd "$directory" && exec setsid "$@") > "$work/$name.log" 2>&1 < /dev/null &
  echo $! > "$work/$name.pid"
}
stop() { # NAME
  local pid
  pid=$(cat "$work/$1.pid" 2> /dev/null) || return 0
  rm "$work/$1.pid"
  kill -TERM "$pid" || return 1
  wait_until 60 fails kill -0 -- "-$pid" 2> /dev/null || { kill -KILL -- "-$pid"; return 1; }
}

backends_start() {
  start backends "$one" mvn -B -ntp -q -Dmaven.test.skip=false process-test-classes exec:java@backends \
    "-Dexec.args=--directory target/backends --postgres-port 0 --kafka-port 0 --properties target/backends.properties --wait"
  wait_until 240 grep -q 'Ctrl-C stops' "$work/backends.log" || return 1
  { sed -n 's/^liberty\.env\.//p' "$one/target/backends.properties"
    echo "PRODUCER_SOURCE=sensor,file PRODUCER_INTERVAL=PT0.1S FILE_PATH=$work/lines"; } > "$work/settings"
}
sql() { "$one/target/backends/bin/psql" -AtXq -v ON_ERROR_STOP=1 -c "$1"; }
produce() {
  "$one/target/backends/kafka/bin/kafka-console-producer.sh" --topic sensor_data \
    --bootstrap-server "$(sed -n 's/^liberty\.env\.KAFKA_BOOTSTRAP_SERVERS=//p' "$one/target/backends.properties" | tr -d '\\')"
}
is_ready() { curl -sf -m 5 -o /dev/null "localhost:$1/health/ready"; }
becomes_ready() { wait_until 600 is_ready "$1"; }
more_arrives() { wait_until 60 has_more_rows_than $(($(rows) + 50)); }

write_lines() { seq -f '{"line": %.0f}' "$1" "$2" >> "$work/lines"; }
all_are_stored() { # KEY NUMBER: each of them once
  local found
  found=$(sql "SELECT count(*), count(DISTINCT payload->>'$1') FROM raw_events WHERE payload->>'$1' IS NOT NULL")
  [ "$found" = "$2|$2" ] || { echo "$found"; return 1; }
}
# Sends 1,000 events per second until $work/sending is gone
send_meanwhile() {
  local number=0
  while [ -e "$work/sending" ]; do
    seq -f '{"meanwhile": %.0f}' $((number + 1)) $((number += 100))
    echo $number > "$work/sent"
    sleep 0.1
  done | produce
  touch "$work/all-sent"
}
what_was_sent_meanwhile_is_stored() {
  rm "$work/sending"
  wait_until 30 test -e "$work/all-sent" && wait_until 60 all_are_stored meanwhile "$(cat "$work/sent")" && cat "$work/sent"
}
bad_records_are_stored() { # NUMBER: as dead letters
  [ "$(sql "SELECT count(*) FROM dead_letters WHERE convert_from(payload, 'UTF8') LIKE 'no JSON %'")" = "$1" ]
}
nothing_is_missing() {
  local found
  found=$(sql 'SELECT topic, count(*) FROM offset_audit WHERE duplicates + unexplained + beyond + lost = 0 GROUP BY 1')
  echo "$found"
  [ "$found" = 'sensor_data|4' ] || { sql 'SELECT * FROM offset_audit'; return 1; }
}

the_version_before_stores() {
  mkdir "$work/before" && git -C "$project" archive "$before" | tar -C "$work/before" -x || return 1
  write_lines 1 1000
  start old "$work/before" env HTTP_PORT=$old_port mvn -B -ntp -q -Dspotless.check.skip process-classes liberty:run
  becomes_ready $old_port || return 1
  echo 'no JSON 1' | produce
  wait_until 60 all_are_stored line 1000 && wait_until 60 bad_records_are_stored 1 && more_arrives || return 1
  if [ "$large" -gt 0 ]; then
    seq -f '{"row": %.0f}' "$large" | produce
    wait_until 900 all_are_stored row "$large" || return 1
    touch "$work/sending"
    send_meanwhile &
  fi
  sql 'SELECT max(id) FROM raw_events' > "$work/last" && is_recorded "$(cat "$work/last")" > "$work/stored"
}
is_recorded() { sql "SELECT count(*) || ' rows, ' || max(id) FROM raw_events WHERE id <= $1"; }
the_new_version_starts_beside_it() {
  touch "$work/lines"
  start new "$work" env HTTP_PORT=$new_port java -jar "$one"/target/release/*-server.jar
  becomes_ready $new_port || return 1
  { [ ! -e "$work/old.pid" ] || is_ready $old_port; } && more_arrives
}
it_takes_over() {
  stop old || return 1
  write_lines 1001 2000
  echo 'no JSON 2' | produce
  # until the group has given it all partitions and the old reader of the file counts as gone
  wait_until 120 all_are_stored line 2000 && wait_until 60 bad_records_are_stored 2 && more_arrives && is_ready $new_port
}
old_rows_are_unchanged() {
  local now
  now=$(is_recorded "$(cat "$work/last")")
  echo "before: $(cat "$work/stored"); now: $now"
  [ "$now" = "$(cat "$work/stored")" ]
}
stops_and_leaves_its_logs_only() {
  stop new || return 1
  ! pgrep -af "$work/unpacked" || return 1
  ! find "$work/unpacked" -type f | grep -v '/defaultServer/logs/'
}
has_the_version_before() { git -C "$project" cat-file -e "$before^{commit}" 2> /dev/null; }
ports_are_free() {
  local port
  for port in $old_port $new_port; do
    ! (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null || { echo "port $port is in use"; return 1; }
  done
}

copy_project
check 'a release is reproducible' is_reproducible || give_up
check 'its checksums are right' checksums_are_right
check 'its list of libraries has every one of the WAR' lists_every_library
check 'without a Docker engine, the build says that the image is missing' says_that_the_image_is_missing
check 'the server has neither secrets nor traces of the build' has_no_secrets
for tool in psql curl git; do
  has_commands $tool || { skip_without_tool 'upgrade' $tool; exit; }
done
check 'the ports are free' ports_are_free || give_up
check 'the backends start' backends_start || give_up
if has_the_version_before; then
  check "the version before ($before) stores events, lines of a file and a dead letter" the_version_before_stores || give_up
  check 'upgrade: java -jar starts the new version beside it' the_new_version_starts_beside_it || give_up
  check 'upgrade: it takes over, and continues the file' it_takes_over
  check 'upgrade: the rows from before are unchanged' old_rows_are_unchanged
  [ "$large" = 0 ] || check 'upgrade: what was sent meanwhile is stored' what_was_sent_meanwhile_is_stored
else
  # such as in a shallow clone
  skip 'upgrade' "the history of this repository lacks commit $before"
  check 'java -jar starts' the_new_version_starts_beside_it || give_up
fi
check 'nothing is missing or duplicated' nothing_is_missing
check 'SIGTERM ends the server, which leaves its logs only' stops_and_leaves_its_logs_only
