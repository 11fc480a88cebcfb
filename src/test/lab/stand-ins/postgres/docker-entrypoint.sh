#!/usr/bin/env bash
# Creates the database at the first start, then runs the server. Knows POSTGRES_PASSWORD, POSTGRES_DB and the *.sql files of
# /docker-entrypoint-initdb.d; the superuser is postgres.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  chown -R postgres: "$PGDATA" /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?must be set for a new database}"
  initdb --username=postgres --pwfile=<(echo "$POSTGRES_PASSWORD")
  # these binaries listen on localhost only and put their socket elsewhere than Debian's psql expects it
  printf "listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql'\n" >> "$PGDATA/postgresql.conf"
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  # the server for the scripts is not reachable over TCP
  pg_ctl --wait --options="-c listen_addresses=''" start
  database=${POSTGRES_DB:-postgres}
  [ "$database" = postgres ] || psql -X --username=postgres --set=ON_ERROR_STOP=1 --set=name="$database" <<< 'CREATE DATABASE :"name";'
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sql) psql -X --username=postgres --dbname="$database" --set=ON_ERROR_STOP=1 --file="$script" ;;
      *'*') ;;
      *) echo "the stand-in cannot run $script" >&2; exit 1 ;;
    esac
  done
  pg_ctl --wait --mode=fast stop
fi
exec "$@"
