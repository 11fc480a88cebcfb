#!/usr/bin/env bash
# Restores the bundled PostgreSQL from a backup, waits until the application has caught up from Kafka, and checks that nothing
# is missing or duplicated. docs/deployment.md explains it.
#
# Usage: restore.sh [TARGET]          restore, start everything, and check
#        restore.sh --drill [TARGET]  restore into a container that is thrown away; nothing that runs is touched
#        restore.sh --list            list the backups
# TARGET: the name of a backup, or a point in time such as '2026-01-15 10:17:16 UTC', which needs WAL_ARCHIVE=on; without it,
# everything that backups and archive hold
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

sql() { # ARGUMENT of psql...
  # shellcheck disable=SC2016
  docker compose exec -T postgres bash -c 'exec psql -X -v ON_ERROR_STOP=1 -U "$DB_USER" -d "$POSTGRES_DB" "$@"' psql "$@"
}
say() { printf '%s %s\n' "$(date +%T)" "$*"; }
start() { docker compose up --detach --wait --no-deps postgres app; }

drill() { # TARGET
  local id
  id=$(docker compose ps --quiet postgres)
  [ -n "$id" ] || { echo 'The service postgres does not run.' >&2; return 1; }
  docker run --rm --network none --volumes-from "$id:ro" --env "POSTGRES_DB=$(docker compose exec -T postgres printenv POSTGRES_DB)" \
    --entrypoint bash "$(docker inspect --format '{{.Config.Image}}' "$id")" /docker/backup.sh drill "$1"
}

restore() { # TARGET
  say 'stopping the application and the database'
  docker compose stop app postgres
  if ! docker compose run --rm --no-deps -T --entrypoint bash postgres /docker/backup.sh restore "$1" < /dev/null; then
    start
    say 'NOT RESTORED. The services run with the data from before.'
    return 1
  fi
  say 'starting them'
  start
  docker compose exec -T postgres bash /docker/backup.sh record < /dev/null
  catch_up
  prove
}

# The application writes down what the broker holds before it becomes ready.
catch_up() {
  local ends left
  ends=$(sql -qAtc "SELECT string_agg(format('(%L::uuid, %s, %s)', topic_id, partition, end_offset), ', ')
    FROM log_offsets WHERE deleted_at IS NULL" < /dev/null)
  [ -n "$ends" ] || return 0
  until left=$(sql -qAtc "SELECT coalesce(sum(greatest(0, e.n - coalesce(p.next_offset, 0))), 0)
      FROM (VALUES $ends) AS e(topic_id, partition, n)
      LEFT JOIN topic_partitions p ON (p.topic_id, p.partition) = (e.topic_id, e.partition) AND p.ended_at IS NULL" < /dev/null) \
      && [ "$left" = 0 ]; do
    say "${left:-unknown} records to read from Kafka again"
    sleep 2
  done
  say 'the application has caught up'
}

prove() {
  sql < sql/verify.sql
  if [ "$(sql -qAtc 'SELECT count(*) FROM offset_audit
      WHERE topic IS NULL OR duplicates <> 0 OR unexplained <> 0 OR beyond <> 0 OR lost <> 0' < /dev/null)" = 0 ]; then
    say 'RESTORED. The proof holds: nothing is missing or duplicated.'
  else
    say 'RESTORED, but the proof does NOT hold: look at unexplained, duplicates, beyond and lost above.'
    return 1
  fi
}

case ${1:-} in
  --drill) drill "${2:-}" ;;
  --list) docker compose exec -T postgres bash /docker/backup.sh list < /dev/null ;;
  -*) awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$0" >&2; exit 2 ;;
  *) restore "${1:-}" ;;
esac
