#!/usr/bin/env bash
# Backups of the bundled PostgreSQL, in its container. docs/deployment.md says how to use it.
#
# Usage: backup.sh create             make a base backup while everything runs, and delete the oldest beyond BACKUP_KEEP
#        backup.sh list               list the backups
#        backup.sh record             write the backups to the table that the application's metric is from
#        backup.sh restore [TARGET]   replace the data of the stopped server; restore.sh does what is needed around it
#        backup.sh drill [TARGET]     restore into a container of its own, and check what is there
#        backup.sh archive PATH NAME  PostgreSQL's archive_command
# TARGET: the name of a backup, or a point in time; without it, everything that backups and archive hold
#
# A backup in /backups/base is complete: it gets its name when it was verified. /backups/wal is the archive.
set -euo pipefail
umask 077
base=/backups/base wal=/backups/wal
pgdata=${PGDATA:-/var/lib/postgresql/18/docker}
before=$pgdata.before-restore
# While the archive takes nothing, so many WAL files of 16 MiB wait in the database's volume
max_waiting=64

fail() { printf 'backup.sh: %s\n' "$1" >&2; exit 1; }
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
sql() { psql -X --username=postgres --dbname="$POSTGRES_DB" --set=ON_ERROR_STOP=1 --quiet --tuples-only --no-align "$@"; }

names() { find "$base" -mindepth 1 -maxdepth 1 -name '*Z' -printf '%f\n' | sort; }
finished_at() { stat --format=%Y "$base/$1/backup_manifest"; }

create() {
  local keep=${BACKUP_KEEP:-7} name new
  [[ $keep =~ ^[1-9][0-9]*$ ]] || fail "BACKUP_KEEP is $keep; it must be a number from 1."
  exec 9> /backups/lock
  flock --nonblock 9 || fail 'another backup is being made.'
  # of a run that was killed
  rm -rf "$base"/*.partial
  name=$(date --utc +%Y%m%dT%H%M%SZ) new=$base/$name.partial
  pg_basebackup --username=postgres --pgdata="$new" --format=tar --gzip --wal-method=stream --checkpoint=fast
  verify "$new"
  mv "$new" "$base/$name"
  sync --file-system "$base"
  echo "backup $name is complete: $(du --summarize --human-readable "$base/$name" | cut -f 1)"
  rotate "$keep"
  rm -rf "$before"
  record
}

# PostgreSQL doesn't read WAL in a tar file
verify() { # DIRECTORY
  pg_verifybackup --quiet --no-parse-wal "$1" && gzip --test "$1/pg_wal.tar.gz"
}

rotate() { # KEEP
  local backups file name first
  mapfile -t backups < <(names)
  while [ ${#backups[@]} -gt "$1" ]; do
    # so that half a backup never has the name of a complete one
    mv "$base/${backups[0]}" "$base/${backups[0]}.partial" && rm -rf "$base/${backups[0]}.partial"
    echo "backup ${backups[0]} was deleted"
    backups=("${backups[@]:1}")
  done
  first=$(first_wal "${backups[0]}")
  for file in "$wal"/*; do
    name=${file##*/}
    # the first eight digits are the timeline; files that name timelines are kept
    if [[ $name =~ ^[0-9A-F]{24}\. && ${name:8:16} < ${first:8:16} ]]; then rm "$file"; fi
  done
}

first_wal() { # BACKUP: the WAL file at which it begins
  local timeline high low
  read -r timeline high low < <(sed -n \
    's#.*"Timeline": \([0-9]*\), "Start-LSN": "\([0-9A-F]*\)/\([0-9A-F]*\)".*#\1 \2 \3#p' "$base/$1/backup_manifest" | head -n 1)
  printf '%08X%08X%08X' "$timeline" "0x$high" $((16#$low >> 24))
}

list() {
  local name
  for name in $(names); do
    printf '%s  finished %s  %s\n' "$name" "$(date --utc --date="@$(finished_at "$name")" '+%F %T UTC')" \
      "$(du --summarize --human-readable "$base/$name" | cut -f 1)"
  done
}

record() {
  local name rows=
  for name in $(names); do
    rows+="${rows:+, }('$name', to_timestamp($(finished_at "$name")), $(du --summarize --bytes "$base/$name" | cut -f 1))"
  done
  [ -n "$rows" ] || return 0
  sql --single-transaction <<< "DELETE FROM backups; INSERT INTO backups (name, finished_at, bytes) VALUES $rows;" \
    || fail 'the backups are good, but could not be written to the table backups.'
}

archive() { # PATH NAME
  local file=$wal/$2.gz
  if [ -e "$file" ]; then
    # PostgreSQL repeats what was not confirmed before a crash
    if gzip --decompress --stdout "$file" | cmp --quiet - "$1"; then return; fi
    fail "the archive has another $2."
  fi
  if [ "$(du --summarize --block-size=1M "$wal" | cut -f 1)" -lt "${WAL_ARCHIVE_MAX:-8192}" ] \
    && gzip --fast < "$1" > "$file.new" && sync "$file.new" && mv "$file.new" "$file" && sync "$wal"; then
    return
  fi
  rm -f "$file.new"
  # The database goes on without an archive, but not without space
  if [ "$(find "$pgdata/pg_wal/archive_status" -name '*.ready' | wc -l)" -lt "$max_waiting" ]; then
    fail "the archive is full (WAL_ARCHIVE_MAX is ${WAL_ARCHIVE_MAX:-8192} MiB) or cannot be written; $2 waits."
  fi
  echo "backup.sh: the archive still takes nothing; $2 is dropped. Make a backup: points in time before it are lost." >&2
}

recover() { # DIRECTORY TARGET OPTION...: starts a server there, which only this container reaches
  local directory=$1 target=$2 name time options=()
  shift 2
  if [ -d "$base/$target" ] && [ -n "$target" ]; then
    name=$target options=(-c recovery_target=immediate)
  elif [ -n "$target" ]; then
    time=$(date --utc --date="$target" '+%s %F %T.%6N+00') || fail "$target is neither a backup nor a time."
    for name in $(names | sort --reverse) ''; do
      [ -z "$name" ] || [ "$(finished_at "$name")" -ge "${time%% *}" ] || break
    done
    [ -n "$name" ] || fail "no backup is older than $target."
    options=(-c "recovery_target_time=${time#* }")
  else
    name=$(names | tail -n 1)
    [ -n "$name" ] || fail 'there is no backup.'
  fi
  echo "restoring backup $name${target:+ to $target}"
  verify "$base/$name" || fail "backup $name is damaged."
  mkdir -p "$directory/pg_wal"
  tar --extract --gzip --file "$base/$name/base.tar.gz" --directory "$directory"
  tar --extract --gzip --file "$base/$name/pg_wal.tar.gz" --directory "$directory/pg_wal"
  # begins a new timeline, so that the archive can tell the WAL files after the restore from those before
  touch "$directory/recovery.signal"
  chown -R postgres: "$directory"
  # without hot_standby, the server accepts connections only when the recovery has ended
  options+=(-c hot_standby=off -c recovery_target_action=promote -c listen_addresses= "$@"
    -c "restore_command=test -e $wal/%f.gz && gzip --decompress --stdout $wal/%f.gz > %p")
  cd /
  # returns as soon as the data are consistent
  as_postgres pg_ctl --silent --wait --timeout=86400 --pgdata="$directory" --log="$directory/recovery.log" \
    --options="$(printf '%q ' "${options[@]}")" start || not_recovered "$directory"
  until pg_isready --quiet; do
    as_postgres pg_ctl --pgdata="$directory" status > /dev/null || not_recovered "$directory"
    sleep 0.2
  done
  sql --command="SELECT 'recovered up to ' || coalesce(pg_last_xact_replay_timestamp()::text, 'the end of the backup')"
}

not_recovered() { # DIRECTORY
  tail -n 20 "$1/recovery.log"
  fail 'the recovery has failed.'
}

restore() { # TARGET
  ! pg_isready --quiet || fail 'the server runs; use restore.sh.'
  rm -rf "$before" && mkdir -p "$pgdata" && mv "$pgdata" "$before"
  trap 'as_postgres pg_ctl --silent --mode=immediate --pgdata="$pgdata" stop 2> /dev/null
    rm -rf "$pgdata" && mv "$before" "$pgdata" && echo "the data are as before"' EXIT
  local options=()
  [ "${WAL_ARCHIVE:-off}" = off ] || options=(-c archive_mode=on -c "archive_command=bash /docker/backup.sh archive '%p' '%f'")
  recover "$pgdata" "$1" "${options[@]}"
  give_password "$DB_USER" DB_PASSWORD
  give_password "$DB_READER_USER" DB_READER_PASSWORD
  as_postgres pg_ctl --silent --wait --mode=fast --pgdata="$pgdata" stop
  trap - EXIT
}

# The passwords of this deployment, not those of the backup, are in effect.
give_password() { # ROLE VARIABLE
  local file=/run/credentials/$2
  [ ! -s "$file" ] || role=$1 password=$(< "$file") sql << 'SQL'
\getenv role role
\getenv password password
ALTER ROLE :"role" PASSWORD :'password';
SQL
}

drill() { # TARGET
  recover /tmp/drill "$1" -c archive_mode=off
  sql --command="SELECT count(*) || ' rows, the newest of ' || coalesce(max(\"timestamp\")::text, 'never') FROM raw_events"
  local wrong
  wrong=$(sql --command="SELECT * FROM offset_audit
    WHERE topic IS NULL OR duplicates <> 0 OR unexplained <> 0 OR beyond <> 0 OR lost <> 0")
  [ -z "$wrong" ] || { echo "$wrong"; fail 'the proof does not hold in this backup.'; }
  echo 'The backup can be restored, and the proof holds in it.'
}

case ${1:-} in
  create | list | record) "$1" ;;
  restore | drill) "$1" "${2:-}" ;;
  archive) archive "$2" "$3" ;;
  *) awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$0" >&2; exit 2 ;;
esac
