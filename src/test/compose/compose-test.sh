#!/usr/bin/env bash
# Tests docker-compose.yml, liberty/Dockerfile and Docker's commands of README.md and docs/ by running them, in a copy of
# the project and as a Compose project of its own. Prints one line for each check.
#
# Usage: compose-test.sh             run the checks of the gate
#        compose-test.sh --all       also all faults, the classic builder, and liberty:dev on the host
#        compose-test.sh --prepare   only start the engine and build the images; the engine keeps running
#        compose-test.sh --help
# Environment: ONLY=REGEX            of the faults, run only those whose name matches
#              TOOLS_REQUIRED=true   fail instead of skipping when something is missing
#
# Needs a running Docker engine (25 or later, Compose 2.24 or later) that can pull images, or root on Debian (amd64): then
# src/test/lab/engine.sh starts an engine, which is stopped at the end. Ports 9092 and 5432 must be free.
#
# After each fault, the database must show that every offset of every partition is in exactly one of raw_events and
# dead_letters (in both only if it was replayed).
set -uo pipefail

# shellcheck source=SCRIPTDIR/../shell/checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell/checks.sh"

all=false prepare=false
case ${1:-} in
  '') ;;
  --all) all=true ;;
  --prepare) prepare=true ;;
  -h | --help) usage; leave 0 ;;
  *) usage >&2; leave 2 ;;
esac

export COMPOSE_PROJECT_NAME=datapipeline-test-$$ COMPOSE_PROGRESS=plain COMPOSE_MENU=false
export APP_IMAGE=datapipeline-compose-test:latest
# so that a point in time can be restored; the deployment test runs without
export WAL_ARCHIVE=on
unset DB_PASSWORD DB_READER_PASSWORD DB_NAME DB_USER HTTP_PORT KAFKA_PORT POSTGRES_PORT PROMETHEUS_PORT GRAFANA_PORT COMPOSE_PROFILES

diagnose() {
  docker compose ps --all --format '{{.Name}} {{.Status}}'
  docker compose logs --no-color --tail 40 app
  docker compose exec -T app curl -s -m 8 http://localhost:9080/api/health/ready
}

remove_all() { docker compose --profile observability down --volumes --remove-orphans --timeout 5; }
# Compose doesn't know the volume that the small disk has replaced, until its file is gone
cleanup() {
  [ -z "${dev_pid:-}" ] || kill -- "-$dev_pid" 2> /dev/null
  engine_answers || return
  docker rm --force "$COMPOSE_PROJECT_NAME-holder" > /dev/null 2>&1
  [ ! -d "$copy" ] || (cd "$copy" || exit; remove_all; rm -f docker-compose.override.yml; remove_all) > /dev/null 2>&1
  docker image rm "$APP_IMAGE" > /dev/null 2>&1
}

# --- helpers

port_is_free() { ! (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

sql() { docker compose exec -T postgres psql -U "${role:-datapipeline}" datapipeline -AtXq -v ON_ERROR_STOP=1 -c "$1"; }
in_kafka() { local tool=$1; shift; docker compose exec -T kafka "/opt/kafka/bin/$tool.sh" --bootstrap-server localhost:9092 "$@"; }
id_of() { docker compose ps --all --quiet "$1"; }
readiness() { docker compose exec -T app curl -s -o /dev/null -m 8 -w '%{http_code}' http://localhost:9080/health/ready; }
is_ready() { [ "$(readiness)" = 200 ]; }
is_not_ready() { [ "$(readiness)" = 503 ]; }

all_healthy() {
  local states
  states=$(docker compose ps --all --quiet \
    | xargs docker inspect --format '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}')
  [ "$(sort -u <<< "$states")" = 'running healthy' ]
}

# Every offset in exactly one of the two tables: prints the partitions for which that is not true.
violations() {
  sql 'SELECT * FROM offset_audit WHERE topic IS NULL OR duplicates <> 0 OR unexplained <> 0 OR beyond <> 0 OR lost <> 0'
}

# Prints how many partitions of the topic are not stored up to the given offsets.
behind() { # "PARTITION:OFFSET ..." UUID
  sql "SELECT count(*) FROM unnest('{$1}'::text[]) AS e
       LEFT JOIN topic_partitions t ON t.topic_id = '$2' AND t.partition = split_part(e, ':', 1)::int
       WHERE coalesce(t.next_offset, 0) < split_part(e, ':', 2)::bigint"
}
caught_up() { [ "$(behind "$@" 2> /dev/null)" = 0 ]; }

topic_id() { # Kafka prints it in base64
  local id
  id=$(in_kafka kafka-topics --describe --topic sensor_data | sed -n 's/.*TopicId: \([^[:space:]]*\).*/\1/p' | head -1)
  sql "SELECT encode(decode(translate('$id', '-_', '+/') || '==', 'base64'), 'hex')::uuid"
}

# Everything that is on the topic now is stored, and the invariant holds.
everything_stored_once() {
  local ends id
  ends=$(in_kafka kafka-get-offsets --topic sensor_data | sed 's/^sensor_data://' | paste -sd,) || return 1
  id=$(topic_id) || return 1
  echo "end offsets $ends of topic $id"
  [ -n "$ends" ] && [ -n "$id" ] || return 1
  wait_until 120 caught_up "$ends" "$id" || { sql 'SELECT * FROM topic_partitions'; return 1; }
  local found
  found=$(violations) || return 1
  [ -z "$found" ] || { echo "violations:"; echo "$found"; return 1; }
  sql "SELECT count(*) || ' rows, ' || (SELECT count(*) FROM dead_letters) || ' dead letters' FROM raw_events"
}

# All services are healthy, new rows arrive, and nothing is missing or duplicated.
recovers() {
  wait_until 150 all_healthy || return 1
  local before
  before=$(rows) || return 1
  wait_until 120 has_more_rows_than "$before" || return 1
  everything_stored_once
}

starts_again() { docker compose up --detach && recovers; }

# Runs the commands below a marker in a document.
documented() { # NAME
  local text
  text=$(documented_commands "$1" README.md docs/compose.md docs/brief.md docs/security.md docs/operations.md) || return 1
  echo "$text"
  bash -euo pipefail -c "$text" < /dev/null
}
documented_prints() { # NAME TEXT: within a minute
  wait_until 60 prints "$@"
}
documented_prints_lines() { # NAME PATTERN COUNT: within a minute
  wait_until 60 prints_lines "$@"
}
prints() { local out; out=$(documented "$1" 2>&1); [[ $out == *"$2"* ]] || { echo "$out"; return 1; }; }
prints_lines() {
  local out
  out=$(documented "$1" 2>&1)
  echo "$out"
  [ "$(grep -c "$2" <<< "$out")" -ge "$3" ]
}

has_three_services() {
  local out
  out=$(documented 'brief: services' 2>&1)
  echo "$out"
  [ "$(grep -cE '^(app|kafka|postgres) Up .*healthy' <<< "$out")" = 3 ] && [ "$(grep -cE '^[0-9.:a-f]+ +(kafka|app)' <<< "$out")" = 2 ]
}
keeps_its_rows() {
  local out counts
  out=$(documented 'brief: persistence' 2>&1) || { echo "$out"; return 1; }
  echo "$out"
  mapfile -t counts < <(grep -x '[0-9]*' <<< "$out")
  [ ${#counts[@]} = 2 ] && [ "${counts[0]}" -gt 0 ] && [ "${counts[1]}" -ge "${counts[0]}" ] && everything_stored_once
}
survives_what_the_readme_kills() { prints 'readme: kill' sensor_data && everything_stored_once; }

network=${COMPOSE_PROJECT_NAME}_pipeline

# --- the checks

compose_file_is_conventional() {
  ! grep -q '^version:' docker-compose.yml || return 1
  [ "$(docker compose config --services | sort | paste -sd' ')" = 'app kafka postgres' ] || return 1
  [ "$(docker compose --profile observability config --services | sort | paste -sd' ')" = 'alertmanager app grafana kafka postgres prometheus' ] || return 1
  ! grep -q '# *syntax *=' liberty/Dockerfile || return 1
  # every tag names one release
  ! { docker compose --profile observability config --images | grep -v "^$APP_IMAGE$"
    sed -n 's/^FROM \([^ ]*\).*/\1/p' liberty/Dockerfile; } | grep -Ev ':v?[0-9]+\.[0-9]+' || return 1
  # the same versions as in the build
  local images postgres
  images=$(docker compose config --images) && postgres=$(pom_property postgresql.server.version) || return 1
  echo "$images"
  grep -qx "apache/kafka:$(pom_property kafka.version)" <<< "$images" && grep -qx "postgres:${postgres%.0}" <<< "$images"
}

env_example_states_the_defaults() {
  docker compose --profile observability config > "$work/without" || return 1
  grep -vE '^#(DB_PASSWORD|DB_READER_PASSWORD|DB_SSLROOTCERT|OPERATOR_PASSWORD|API_PRODUCER_PASSWORD|API_READER_PASSWORD|APP_IMAGE)=' .env.example | sed 's/^#\([A-Z_]*=\)/\1/' > "$work/example.env"
  docker compose --profile observability --env-file "$work/example.env" config > "$work/with" || return 1
  # apart from the application's own settings, which Compose only passes on, nothing changes
  local found
  found=$(diff "$work/without" "$work/with" | grep '^[<>]' | grep -vE '^[<>] +(API|HTTP|KAFKA|PRODUCER|CONSUMER|SENSOR|WEBLOG|FILE|SOURCE|OPERATOR|DB|OTEL|CONSOLE|ACCESS)_[A-Z_]+: ')
  [ -z "$found" ] || { echo "$found"; return 1; }
  # and those are the defaults in the application's configuration
  local name value
  while IFS='=' read -r name value; do
    # docker-compose.yml sets its own defaults for these
    case $name in KAFKA_BOOTSTRAP_SERVERS | DB_HOST | API_READ_ACCESS | HTTP_ADDRESS | DISK_PATHS) continue ;; esac
    local property
    property=$(tr 'A-Z_' 'a-z.' <<< "$name")
    if grep -q "^$property=" src/main/resources/META-INF/microprofile-config.properties; then
      grep -qxF "$property=$value" src/main/resources/META-INF/microprofile-config.properties \
        || { echo "the default of $name is not $value"; return 1; }
    fi
  done < <(grep -E '^[A-Z_]+=' "$work/example.env")
}

builds_with_buildkit() { DOCKER_BUILDKIT=1 docker compose build app; }
builds_with_classic_builder() {
  DOCKER_BUILDKIT=0 docker build -q -f liberty/Dockerfile -t "$APP_IMAGE-classic" . || return 1
  docker image rm "$APP_IMAGE-classic"
}

dependencies_are_cached() { # after a change of the sources
  echo '// changed' >> src/main/java/dev/datapipeline/PipelineStarter.java
  DOCKER_BUILDKIT=1 docker build --progress plain --target build -f liberty/Dockerfile . > "$work/build" 2>&1 || { cat "$work/build"; return 1; }
  cat "$work/build"
  local step
  step=$(sed -n 's/^\(#[0-9]*\) .*RUN mvn .*rm -r target.*/\1/p' "$work/build" | head -1)
  grep -q "^$step CACHED" "$work/build"
}

image_is_conventional() {
  [ "$(docker image inspect --format '{{.Config.User}}' "$APP_IMAGE")" = 1001 ] || return 1
  local label
  for label in title description licenses version revision; do
    [ -n "$(docker image inspect --format "{{index .Config.Labels \"org.opencontainers.image.$label\"}}" "$APP_IMAGE")" ] \
      || { echo "no label $label"; return 1; }
  done
  [ "$(docker image inspect --format '{{index .Config.Labels "org.opencontainers.image.title"}}' "$APP_IMAGE")" = datapipeline ] || return 1
  # contains no password, neither in a file nor in the environment
  ! docker run --rm --entrypoint grep "$APP_IMAGE" -rEil 'password="[^$"]' /config/ || return 1
  ! docker image inspect --format '{{.Config.Env}}' "$APP_IMAGE" | grep -i password || return 1
  [ "$(docker run --rm --entrypoint sh "$APP_IMAGE" -c 'ls /opt/ol/wlp/usr/shared/resources/jdbc | grep -c ^postgresql-')" = 1 ]
}

hardened() { # SERVICE...
  local service id status=0
  for service in "$@"; do
    id=$(id_of "$service")
    local process
    process=$(docker compose exec -T "$service" cat /proc/1/status)
    grep -q '^NoNewPrivs:[[:space:]]*1' <<< "$process" || { echo "$service can gain privileges"; status=1; }
    grep -qE '^CapEff:[[:space:]]*0+$' <<< "$process" || { echo "$service has capabilities"; status=1; }
    ! grep -qE '^Uid:[[:space:]]*0' <<< "$process" || { echo "$service runs as root"; status=1; }
    docker inspect --format '{{.HostConfig.RestartPolicy.Name}} {{gt .HostConfig.Memory 0}} {{.HostConfig.PidsLimit}}' "$id" \
      | grep -qx 'unless-stopped true 1024' || { echo "$service has no restart policy, memory limit or process limit"; status=1; }
    docker inspect --format '{{range $p, $b := .NetworkSettings.Ports}}{{range $b}}{{.HostIp}} {{end}}{{end}}' "$id" \
      | grep -qE '^(127\.0\.0\.1 )?$' || { echo "$service is published on another interface than loopback"; status=1; }
    docker inspect --format '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}' "$id" | tr ' ' '\n' \
      | grep -v "^$COMPOSE_PROJECT_NAME" | grep . && { echo "$service has an anonymous volume"; status=1; }
  done
  return $status
}
has_read_only_root() { docker inspect --format '{{.HostConfig.ReadonlyRootfs}}' "$(id_of "$1")" | grep -qx true || { echo "$1 has a writable root file system"; return 1; }; }
containers_are_hardened() {
  local status=0
  hardened app kafka postgres || status=1
  has_read_only_root app || status=1
  ! docker compose exec -T app touch /config/x || status=1
  # the application cannot change the passwords
  ! docker compose exec -T app touch /run/credentials/x || status=1
  return $status
}

roles_are_separate() {
  [ "$(sql 'SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = current_user')" = f ] || return 1
  [ "$(sql "SELECT string_agg(nspname, ',') FROM pg_namespace WHERE pg_get_userbyid(nspowner) = current_user AND nspname !~ '^pg_'")" = pipeline ] || return 1
  [ "$(sql "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")" = postgres ] || return 1
  sql 'CREATE TEMP TABLE t (x int)' || return 1
  fails sql 'CREATE TABLE public.t (x int)' && fails sql 'CREATE SCHEMA s' && fails sql 'CREATE ROLE r' \
    && fails sql "COPY raw_events TO PROGRAM 'true'" || return 1
  sql 'CREATE TABLE of_a_later_migration (x int)' || return 1
  role=reader sql 'SELECT count(*) FROM raw_events, of_a_later_migration' && role=reader sql 'SELECT count(*) FROM raw_events_source' || return 1
  role=reader fails sql 'DELETE FROM raw_events' || return 1
  role=reader fails sql 'SET default_transaction_read_only = off; DELETE FROM raw_events' || return 1
  role=reader fails sql 'CREATE TEMP TABLE t (x int)' || return 1
  [ "$(role=reader sql 'SHOW statement_timeout')" = 5min ] || return 1
  [ "$(sql "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'reader'")" = 20 ] || return 1
  sql 'DROP TABLE of_a_later_migration'
}

login() { # ROLE PASSWORD: over TCP, from the host
  docker run --rm --network host -e PGPASSWORD="$2" --entrypoint psql "$(docker compose config --images | grep postgres)" \
    -h localhost -U "$1" datapipeline -AtXc 'SELECT current_user'
}
passwords_are_needed() {
  local password
  password=$(docker compose exec -T postgres cat /run/credentials/DB_PASSWORD) || return 1
  [ ${#password} -ge 32 ] || return 1
  [ "$(login datapipeline "$password")" = datapipeline ] || return 1
  local wrong
  for wrong in '' datapipeline postgres "x$password"; do
    fails login datapipeline "$wrong" && fails login reader "$wrong" && fails login postgres "$wrong" || return 1
  done
  ! docker inspect "$(id_of app)" "$(id_of postgres)" | grep -F "$password" || return 1
  ! docker compose logs | grep -F "$password"
}

http() { docker run --rm --network "$1" --entrypoint curl "$APP_IMAGE" -s -m 20 -o /dev/null -w '%{http_code}' "${@:2}"; }
operator_password() { docker compose logs --no-log-prefix app | sed -n 's/.*the password of the user operator is \([^ ]*\).*/\1/p' | tail -1; }
api_address() { echo "http://localhost:$(docker compose port app 9080 | cut -d: -f2)/api"; }
api_is_guarded() {
  local address password
  address=$(api_address)
  # without a password, this host may read, another container may not, and nobody may write
  [ "$(http host "$address/stats")" = 200 ] || return 1
  [ "$(http host -H 'Host: elsewhere.example' "$address/stats")" = 401 ] || return 1
  # nor what may come from elsewhere: through an old proxy, or from a page of another site
  [ "$(http host --http1.0 "$address/stats")" = 401 ] || return 1
  [ "$(http host -H 'Sec-Fetch-Site: cross-site' "$address/stats")" = 403 ] || return 1
  [ "$(http "$network" http://app:9080/api/stats)" = 401 ] || return 1
  [ "$(http "$network" -H 'Host: localhost' http://app:9080/api/stats)" = 401 ] || return 1
  [ "$(http host -H 'Content-Type: application/json' -d '{"api":"stranger"}' "$address/events")" = 401 ] || return 1
  # the operator may, with the password from the log
  password=$(operator_password)
  [ ${#password} -ge 20 ] || return 1
  [ "$(http host -u "operator:$password" -H 'Content-Type: application/json' -d '{"api":"operator"}' "$address/events")" = 202 ] || return 1
  wait_until 30 stored_by_api || return 1
  [ "$(sql "SELECT count(*) FROM raw_events WHERE payload::text LIKE '%stranger%'")" = 0 ]
}
# docker run may publish the port to the network; then its host must not pass for this machine
reading_from_the_host_requires_its_address() {
  local outcome=0
  grep -m 1 'Setting HTTP_ADDRESS has the value .* The application does not start' \
    < <(timeout 90 docker run --rm --name reads-from-host -e API_READ_ACCESS=host "$APP_IMAGE" 2>&1) || outcome=1
  docker rm --force reads-from-host > /dev/null 2>&1
  return $outcome
}
stored_by_api() { [ "$(sql "SELECT count(*) FROM raw_events WHERE payload::text = '{\"api\":\"operator\"}'")" = 1 ]; }

password_can_be_changed() {
  printf "DB_PASSWORD='o\"n}e'\nPRODUCER_EVENTS_PER_TICK=20\nPRODUCER_INTERVAL=PT0.05S\nSENSOR_COUNT=3\n" > .env
  docker compose up --detach --wait || return 1
  [ "$(login datapipeline 'o"n}e')" = datapipeline ] || return 1
  docker compose exec -T app printenv SENSOR_COUNT || return 1
  local before
  before=$(rows)
  wait_until 60 has_more_rows_than $((before + 200)) || return 1
  # without a setting, the last password stays valid
  sed -i '/DB_PASSWORD/d' .env
  docker compose up --detach --wait || return 1
  [ "$(login datapipeline 'o"n}e')" = datapipeline ] && everything_stored_once
}

# --- backups

in_postgres() { docker compose exec -T "${@:2}" postgres bash -euc "$1" < /dev/null; }

backup_and_drill() {
  local out
  out=$(documented 'backup and drill' 2>&1) || { echo "$out"; return 1; }
  echo "$out"
  grep -q '^The backup can be restored, and the proof holds in it.' <<< "$out" || return 1
  [ "$(in_postgres 'stat -c "%U %a" /backups/base /backups/base/*/base.tar.gz')" = $'root 700\nroot 600' ] || return 1
  [ "$(sql 'SELECT count(*) FROM backups')" = 1 ]
}
damaged_backup_is_refused() {
  in_postgres 'cd /backups/base && cp -r *Z 29990101T000000Z && printf x | dd of=29990101T000000Z/base.tar.gz bs=1 seek=9999 conv=notrunc' || return 1
  local out
  out=$(bash sql/docker/restore.sh --drill 2>&1) && return 1
  in_postgres 'rm -r /backups/base/2999*'
  grep 'backup 29990101T000000Z is damaged' <<< "$out"
}
# Somebody deletes rows, and notices it later.
point_in_time_is_restored() {
  local time out
  rows > "$work/rows"
  time=$(sql "SELECT now()") && sleep 1 && sql 'DELETE FROM raw_events; DELETE FROM dead_letters' && wait_until 60 has_more_rows_than 0 || return 1
  out=$(bash sql/docker/restore.sh "$time" 2>&1) || { echo "$out"; return 1; }
  echo "$out"
  grep -q 'RESTORED. The proof holds' <<< "$out" && has_more_rows_than "$(cat "$work/rows")" && everything_stored_once
}
# PostgreSQL goes on when the archive takes nothing.
archive_is_bounded() {
  local archive='bash /docker/backup.sh archive /tmp/a/file' setup='mkdir -p /tmp/a/pg_wal/archive_status && date > /tmp/a/file'
  in_postgres "$setup && $archive A && $archive A" || return 1
  fails in_postgres "echo other >> /tmp/a/file; $archive A" || return 1
  fails in_postgres "$archive B" -e WAL_ARCHIVE_MAX=0 -e PGDATA=/tmp/a || return 1
  in_postgres "touch /tmp/a/pg_wal/archive_status/{1..64}.ready; $archive B" -e WAL_ARCHIVE_MAX=0 -e PGDATA=/tmp/a || return 1
  in_postgres 'test -e /backups/wal/A.gz && test ! -e /backups/wal/B.gz && rm -r /tmp/a /backups/wal/A.gz'
}

# --- faults: services that were not killed or taken down must recover by themselves

kill_service() { docker compose kill -s KILL "$1" && starts_again; }
crash_service() { # only the restart policy brings it back
  local id pid
  id=$(id_of "$1")
  pid=$(docker inspect --format '{{.State.Pid}}' "$id")
  kill -9 "$pid" || return 1
  wait_until 30 restarted_since "$id" "$pid" || return 1
  wait_until 150 all_healthy && recovers
}
restarted_since() { local now; now=$(docker inspect --format '{{.State.Pid}}' "$1"); [ "$now" != 0 ] && [ "$now" != "$2" ]; }
restart_service() { docker compose restart "$1" && recovers; }
pause_backend() { # until the application is not ready
  docker compose pause "$1" || return 1
  wait_until 90 is_not_ready
  local outcome=$?
  docker compose unpause "$1" && [ $outcome = 0 ] && wait_until 120 is_ready && recovers
}
pause_app() { # records produced meanwhile stay on the topic
  docker compose pause app || return 1
  documented produce
  local outcome=$?
  docker compose unpause app && [ $outcome = 0 ] && recovers
}

disconnect() { # SERVICE
  docker network disconnect "$network" "$(id_of "$1")" || return 1
  wait_until 90 is_not_ready
  local outcome=$?
  docker network connect "$network" "$(id_of "$1")" && [ $outcome = 0 ] && wait_until 120 is_ready && recovers
}
stop_in_time() { # no service has to be killed
  rows > "$work/rows" || return 1
  docker compose stop || return 1
  local service code
  for service in app kafka postgres; do
    code=$(docker inspect --format '{{.State.ExitCode}}' "$(id_of $service)")
    echo "$service exited with $code"
    [ "$code" != 137 ] || return 1
  done
  ! docker compose logs --no-color --tail 200 app | grep -E 'did not stop in time|not acknowledged'
}
down_and_up() { docker compose down && starts_again; }
# What is not stored yet is lost with the volume
pause_and_store_everything() {
  docker compose up --detach --wait || return 1
  local status
  status=$(http host -u "operator:$(operator_password)" -X POST "$(api_address)/pipeline/producer/pause")
  echo "pause: $status"
  [ "$status" = 200 ] && everything_stored_once
}
start_without_kafkas_volume() {
  pause_and_store_everything && docker compose down && docker volume rm "${COMPOSE_PROJECT_NAME}_kafka-data" && starts_again || return 1
  [ "$(sql 'SELECT count(DISTINCT topic_id) FROM topic_partitions')" -ge 2 ] && [ "$(rows)" -ge "$(cat "$work/rows" 2> /dev/null || echo 0)" ]
}
start_without_credentials_volume() { # new passwords for the existing data
  docker compose down && docker volume rm "${COMPOSE_PROJECT_NAME}_credentials" && starts_again
}

shared_by() { # COUNT: so many members of the group have partitions
  local members
  members=$(in_kafka kafka-consumer-groups --describe --members --group datapipeline 2> /dev/null | awk '$1 == "datapipeline" && $NF > 0' | wc -l)
  [ "$members" = "$1" ]
}
scales_to_three() {
  documented scale || return 1
  wait_until 90 shared_by 3 || return 1
  [ "$(id_of app | xargs docker inspect --format '{{(index (index .NetworkSettings.Ports "9080/tcp") 0).HostPort}}' \
    | sort -u | wc -l)" = 3 ] || return 1
  [ "$(docker compose logs --no-color app | grep -c 'E CWW')" = 0 ] || return 1
  everything_stored_once
}
native_code_decompresses() {
  docker compose logs --no-color app | grep 'compression: native code' || return 1
  # zstd has no other code
  echo '{"compressed": "zstd"}' | in_kafka kafka-console-producer --topic sensor_data --compression-codec zstd || return 1
  wait_until 60 zstd_is_stored
}
zstd_is_stored() { [ "$(sql "SELECT count(*) FROM raw_events WHERE payload->>'compressed' = 'zstd'")" = 1 ]; }
one_of_three_dies() {
  docker kill "$(id_of app | head -1)" || return 1
  wait_until 120 shared_by 2 || return 1
  everything_stored_once || return 1
  docker compose up --detach --scale app=1 && wait_until 120 all_healthy && everything_stored_once
}

# A server that hangs is live no more; only the restart policy can bring it back.
restarts() { docker inspect --format '{{.RestartCount}}' "$(id_of app)"; }
has_restarted_since() { [ "$(restarts)" -gt "$1" ]; }
hanging_server_is_restarted() {
  local before
  APP_LIVENESS_TIMEOUT=15 docker compose up --detach --wait app || return 1
  before=$(restarts)
  docker compose exec -T app bash -c 'for name in /proc/[0-9]*/comm; do
    if [ "$(< "$name")" = java ]; then kill -STOP "${name//[^0-9]/}"; fi; done' || return 1
  wait_until 90 has_restarted_since "$before" || return 1
  docker compose logs --no-color app | grep 'liveness has not been UP for 15 s: the server is ended' || return 1
  recovers || return 1
  [ "$(restarts)" = "$((before + 1))" ] && docker compose up --detach --wait app
}

# --- the profile observability

from_host() { docker run --rm --network host --entrypoint curl "$APP_IMAGE" -s -m 20 "$@"; }
prometheus_api() { from_host -G "http://localhost:$PROMETHEUS_PORT/api/v1/$1" "${@:2}"; }
prometheus_returns() { # EXPRESSION VALUE
  prometheus_api query --data-urlencode "query=$1" | tee /dev/stderr | grep -qF ",\"$2\"]}]"
}
prometheus_finds() { # HOST:PORT: whether it knows the name
  local out
  out=$(docker compose exec -T prometheus wget -q -T 3 -O /dev/null "http://$1" 2>&1)
  echo "$out"
  [[ $out != *'bad address'* ]]
}
prometheus_starts() {
  export COMPOSE_PROFILES=observability
  docker compose up --detach --wait prometheus || return 1
  hardened prometheus && has_read_only_root prometheus || return 1
  prometheus_finds app:9080 || { echo 'prometheus does not find app'; return 1; }
  fails prometheus_finds kafka:9092 && fails prometheus_finds postgres:5432 || { echo 'prometheus finds kafka or postgres'; return 1; }
}
every_instance_is_scraped() {
  wait_until 60 prometheus_returns 'sum(up{job="datapipeline"})' 3 || return 1
  wait_until 60 prometheus_returns 'count(sum by (instance) (datapipeline_records_stored_total))' 3
}
prometheus_has_all_rules() {
  local rules alert
  rules=$(prometheus_api rules) || return 1
  while IFS= read -r alert; do
    grep -qF "\"name\":\"$alert\"" <<< "$rules" || { echo "no rule $alert"; return 1; }
  done < <(sed -n 's/.*- alert: //p' src/main/observability/alerts.yml)
  ! grep -F '"health":"err"' <<< "$rules"
}
other_sites_cannot_read_prometheus() {
  local answer
  answer=$(from_host -i -H 'Origin: http://elsewhere.example' "http://localhost:$PROMETHEUS_PORT/api/v1/query?query=1") || return 1
  grep -q '^HTTP/1.1 200' <<< "$answer" && ! grep -i '^access-control-allow-origin' <<< "$answer"
}
prometheus_knows_alertmanager() {
  prometheus_api alertmanagers | grep -F '"activeAlertmanagers":[{"url":"http://alertmanager:9093/api/v2/alerts"}]'
}
alertmanager_notifies() {
  export COMPOSE_PROFILES=observability ALERT_WEBHOOK_URL=http://localhost:9999/planted-token
  docker compose up --detach --wait alertmanager || return 1
  hardened alertmanager && has_read_only_root alertmanager || return 1
  docker inspect --format '{{json .HostConfig.PortBindings}}' "$(id_of alertmanager)" | grep -qx '{}' || return 1
  wait_until 60 prometheus_knows_alertmanager || return 1
  ! docker compose exec -T alertmanager sh -c 'tr "\\0" "\\n" < /proc/1/cmdline; tr "\\0" "\\n" < /proc/1/environ' | grep -F planted-token || return 1
  docker compose exec -T alertmanager sh -c "printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n' | nc -l -p 9999" \
    > "$work/notification" &
  docker compose exec -T alertmanager wget -q -O - --header 'Content-Type: application/json' \
    --post-data '[{"labels": {"alertname": "SentByTheTest"}}]' http://localhost:9093/api/v2/alerts || return 1
  wait_until 60 grep -F '"alertname":"SentByTheTest"' "$work/notification" || return 1
  grep -F 'POST /planted-token ' "$work/notification"
}
grafana_image() { docker compose --profile observability config --images | grep '^grafana/grafana:'; }
grafana_is_available() {
  local image
  image=$(cd "$copy" && grafana_image) || return 1
  docker image inspect "$image" > /dev/null 2>&1 || timeout 300 docker pull --quiet "$image" > /dev/null 2>&1
}
grafana_starts() {
  export COMPOSE_PROFILES=observability
  documented observability || return 1
  hardened grafana && has_read_only_root grafana || return 1
  local grafana=http://localhost:$GRAFANA_PORT
  from_host -f "$grafana/api/dashboards/uid/datapipeline" | grep -qF '"uid":"datapipeline"' || return 1
  from_host -f "$grafana/api/datasources/proxy/uid/prometheus/api/v1/query?query=up" | grep -qF '"status":"success"' || return 1
  # nobody can sign in
  [ "$(from_host -o /dev/null -w '%{http_code}' -u admin:admin "$grafana/api/admin/settings")" != 200 ] || return 1
  [ "$(from_host -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
    -d '{"user":"admin","password":"admin"}' "$grafana/login")" != 200 ]
}
observability_can_be_removed() { docker compose --profile observability rm --stop --force prometheus alertmanager grafana; }

dev_mode_on_the_host() {
  docker compose down --timeout 30 && documented 'develop: backends' || return 1
  local before port=9080
  port_is_free "$port" || port=9680
  local url=http://localhost:$port/health/ready
  before=$(rows)
  # in a process group of its own, with a standard input that stays open
  mkfifo "$work/stdin"
  HTTP_PORT=$port setsid bash -c "$(documented_commands 'develop: application' docs/compose.md)" < "$work/stdin" > "$work/dev.log" 2>&1 &
  dev_pid=$!
  exec 9> "$work/stdin"
  wait_until 300 curl -sf -m 5 -o /dev/null "$url"
  local outcome=$?
  [ $outcome = 0 ] && { wait_until 60 has_more_rows_than "$before" || outcome=1; }
  echo q >&9
  exec 9>&-
  wait_until 60 fails kill -0 "$dev_pid" 2> /dev/null || kill -- "-$dev_pid"
  dev_pid=
  [ $outcome = 0 ] || { tail -60 "$work/dev.log"; return 1; }
  starts_again
}

# --- a full disk

# The database begins anew in a small file system, into which the topic doesn't fit.
disk_fills() {
  docker compose stop || return 1
  small_disk_of_the_database > docker-compose.override.yml
  docker compose up --detach --wait && documented 'disk full: reserve' || return 1
  # keeps it while postgres is stopped
  docker run --detach --rm --name "$COMPOSE_PROJECT_NAME-holder" --volume "${COMPOSE_PROJECT_NAME}_small:/small" \
    --entrypoint sleep "$APP_IMAGE" infinity || return 1
  random_events | in_kafka kafka-console-producer --topic sensor_data || return 1
  wait_until 120 is_not_ready && wait_until 60 documented 'disk full: look' || return 1
  documented 'disk full: look' > "$work/full"
  cat "$work/full"
  # DOWN for one of the two reasons
  grep -qE '"database","status":"DOWN"|53100' "$work/full" && grep -qE '(100|9[0-9])% /var/lib/postgresql' "$work/full"
}
runbook_of_the_full_disk() {
  local stored ends id
  documented 'disk full: use the reserve' && documented 'disk full: delete rows' || return 1
  stored=$(rows) && documented 'disk full: continue' && wait_until 60 has_more_rows_than "$stored" || return 1
  ends=$(in_kafka kafka-get-offsets --topic sensor_data | sed 's/^sensor_data://' | paste -sd,) && id=$(topic_id) || return 1
  wait_until 120 caught_up "$ends" "$id" && only_deleted_rows_are_missing
}

# --- the run

fault() { # NAME COMMAND...
  [[ $1 =~ ${ONLY:-.} ]] && check "$@"
}

all_ports_are_free() { # PORT...
  local port
  for port in "$@"; do port_is_free "$port" || { echo "port $port is in use"; return 1; }; done
}
# Prints the first of several bases at which ten ports in a row are free.
free_range() { # BASE...
  local base
  for base in "$@"; do
    # shellcheck disable=SC2046
    all_ports_are_free $(seq "$base" $((base + 9))) > /dev/null && echo "$base" && return
  done
  return 1
}

obstacle=$(engine_obstacle)
[ -z "$obstacle" ] || skip_everything 'the container test' "no Docker engine runs here, and none can be started because $obstacle; \
start Docker, or run this as root on Debian (amd64)"

check 'a Docker engine with Compose runs, and the base images are present' engine || give_up
copy_project
if $prepare; then
  check 'the image builds with BuildKit' builds_with_buildkit && stop_engine_at_end=false
  exit
fi
check 'ports 9092 and 5432, which docs/compose.md uses, are free' all_ports_are_free 9092 5432 || give_up
# a run that was killed could not remove its containers, which start with the engine
$stop_engine_at_end && docker ps --all --quiet --filter name='^datapipeline-test-' | xargs -r docker rm --force > "$log" 2>&1
# the engine uses the next port of the range at each start, and fails if that one is taken
http_base=$(free_range 9080 9180 9280 9380 9480 9580) || http_base=9080
[ "$http_base" = 9080 ] || export HTTP_PORT=$http_base-$((http_base + 9))
PROMETHEUS_PORT=$(free_range 9090 9690 9790) GRAFANA_PORT=$(free_range 3000 3100 3200)
export PROMETHEUS_PORT GRAFANA_PORT

check 'three services, no version key, pinned tags as in pom.xml, no syntax line' compose_file_is_conventional
check '.env.example states the defaults' env_example_states_the_defaults
check 'the image builds with BuildKit' builds_with_buildkit
if $all; then
  check 'the image builds with the classic builder' builds_with_classic_builder
  check 'a change of the sources does not repeat the downloads' dependencies_are_cached
  copy_project
fi
check 'the image has user 1001, labels, one driver and no secret' image_is_conventional
check 'docs: docker compose up starts three healthy services' documented start
check 'docs: the query shows rows' documented_prints_lines rows '"sensor":' 2
check 'docs: the address' documented address
check 'containers are hardened, limited, restarted, and published on the loopback interface' containers_are_hardened
check 'native code decompresses records, also those of zstd' native_code_decompresses
check 'the application owns only its schema, and the reader only reads' roles_are_separate
check 'logins need the generated passwords, which appear nowhere' passwords_are_needed
check 'HTTP API: this host may read, only the operator may write' api_is_guarded
check 'HTTP API: a container without Compose is not open by API_READ_ACCESS=host' reading_from_the_host_requires_its_address
check 'README: start, and the query' prints_lines 'readme: start' '"sensor":' 2
check 'README: produce in the container and from the host' documented 'readme: produce'
check 'README: the record produced in the container is a row' documented_prints 'readme: select' '"container"'
check 'README: the record produced from the host is a row' documented_prints 'readme: select' '"host"'
check 'README: read the topic' prints_lines 'readme: consume' '"sensor"' 5
check 'README: kill, and ask whether anything is missing' survives_what_the_readme_kills
check 'brief: one topic on one broker' prints 'brief: topic' 'PartitionCount: 4'
check 'brief: the producer sends id, timestamp and value' prints_lines 'brief: producer' '"id":.*"timestamp":.*"value":' 3
check 'brief: the table' prints_lines 'brief: table' '^ \(id\|timestamp\|payload\) .*not null' 3
check 'brief: rows' prints_lines 'brief: rows' '^ *[0-9]* |.*| *-\?[0-9.]*$' 5
check 'brief: the proof' prints 'brief: proof' sensor_data
check 'brief: three services in one network' has_three_services
check 'brief: the data survive' keeps_its_rows
check 'docs: the operator password' documented_prints 'operator password' 'the user operator is '
check 'docs: query from the host' documented 'query from the host'
check 'docs: produce in the container' documented produce
check 'docs: produce from the host' documented 'produce from the host'
if command -v kcat > /dev/null; then
  check 'docs: produce with kcat' documented 'produce with kcat'
  check 'docs: the record produced with kcat is a row' documented_prints select '"from-kcat"'
else
  skip_without_tool 'docs: produce with kcat' kcat
fi
check 'docs: the record produced in the container is a row' documented_prints select '"by-hand"'
check 'docs: the record produced from the host is a row' documented_prints select '"from-the-host"'
check 'docs: produce invalid JSON' documented 'produce invalid JSON'
check 'docs: it is a dead letter with its reason' documented_prints 'dead letters' 'invalid input syntax for type json'
check 'docs: consume in the container' prints_lines consume '"sensor"' 5
check 'docs: consume from the host' prints_lines 'consume from the host' '"sensor"' 5
check 'settings and a password in .env take effect' password_can_be_changed

check 'docs: a backup, and the drill' backup_and_drill
check 'a damaged backup is refused' damaged_backup_is_refused
check 'a point in time is restored, and the application catches up' point_in_time_is_restored
check 'the archive of changes is bounded' archive_is_bounded

fault 'kill -s KILL postgres' kill_service postgres
fault 'kill -s KILL kafka' kill_service kafka
fault 'kill -s KILL app' kill_service app
fault 'network disconnect and connect postgres' disconnect postgres
if $all; then
  fault 'network disconnect and connect kafka' disconnect kafka
  fault 'network disconnect and connect app' disconnect app
  fault 'pause and unpause postgres' pause_backend postgres
  fault 'pause and unpause kafka' pause_backend kafka
  fault 'pause and unpause app' pause_app
  for service in postgres kafka app; do
    fault "restart $service" restart_service $service
    fault "the process of $service dies, and the restart policy brings it back" crash_service $service
  done
  fault 'down and up with kept volumes' down_and_up
  fault 'down and up without the passwords' start_without_credentials_volume
  fault 'a server that hangs is restarted' hanging_server_is_restarted
  fault "down and up without Kafka's volume" start_without_kafkas_volume
fi
fault 'all services stop within their grace period' stop_in_time
fault 'docs: --scale app=3 shares the partitions' scales_to_three
fault 'the profile observability: Prometheus starts, hardened' prometheus_starts
fault 'Prometheus finds and scrapes all three instances' every_instance_is_scraped
fault 'Prometheus has all alert rules' prometheus_has_all_rules
fault 'pages of other sites cannot read Prometheus' other_sites_cannot_read_prometheus
fault 'Alertmanager starts, hardened, and notifies a webhook' alertmanager_notifies
if grafana_is_available; then
  fault 'docs: Grafana starts with the dashboard, and nobody can sign in' grafana_starts
else
  skip 'docs: Grafana starts with the dashboard, and nobody can sign in' 'no registry is reachable, and Debian has no Grafana'
fi
fault 'the profile observability can be removed' observability_can_be_removed
if $all; then
  fault 'one of three instances dies' one_of_three_dies
  fault 'docs: liberty:dev on the host with Kafka and PostgreSQL in containers' dev_mode_on_the_host
  fault 'the disk of the database fills, and health says so' disk_fills
  fault 'docs: the runbook of a full disk brings everything back, and nothing is lost' runbook_of_the_full_disk
fi
