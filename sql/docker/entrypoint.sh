#!/usr/bin/env bash
# Entry point of the postgres service in docker-compose.yml. Sets the password of each role, then runs the image's own
# entry point. No password has a default: passwords that .env does not set are generated once and stored in a separate
# volume, which the app service reads.
set -euo pipefail
credentials=/run/credentials
pgdata=${PGDATA:-/var/lib/postgresql/18/docker}

fail() { printf 'datapipeline: %s\n' "$1" >&2; exit 1; }

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

quoted() { printf "'%s'" "${1//\'/\'\'}"; }

# The server is not running yet; single-user mode needs no password.
set_password() { # ROLE PASSWORD
  printf 'ALTER ROLE "%s" PASSWORD %s\n' "${1//\"/\"\"}" "$(quoted "$2")" \
    | setpriv --reuid=postgres --regid=postgres --init-groups \
        postgres --single -D "$pgdata" -c log_min_messages=fatal postgres > /dev/null
}

# The current password is in the file named after the variable.
provide_password() { # ROLE VARIABLE
  local given=${!2:-} file=$credentials/$2 current=
  [[ $given != *$'\n'* ]] || fail "$2 must be one line."
  [ ! -s "$file" ] || current=$(< "$file")
  local password=${given:-${current:-$(random)}}
  if [ "$password" != "$current" ]; then
    if [ -s "$pgdata/PG_VERSION" ]; then
      set_password "$1" "$password"
      echo "datapipeline: the password of the role $1 was changed"
    fi
    (umask 027 && printf %s "$password" > "$file.new")
    mv "$file.new" "$file"
  fi
  printf -v "$2" %s "$password"
}

mkdir -p "$credentials"
# Accessible by root, and readable by group 0 of the app service
chown root:root "$credentials"
chmod 0750 "$credentials"
provide_password "$DB_USER" DB_PASSWORD
provide_password "$DB_READER_USER" DB_READER_PASSWORD

if [ -s "$pgdata/PG_VERSION" ]; then
  unset DB_PASSWORD DB_READER_PASSWORD
else
  # Used by roles.sql
  export DB_PASSWORD DB_READER_PASSWORD
  # Never used: the superuser connects through the socket inside the container
  POSTGRES_PASSWORD=$(random)
  export POSTGRES_PASSWORD
fi

# Only the server writes to the archive, and only root to the backups
mkdir -p /backups/base /backups/wal
chmod 0711 /backups
chmod 0700 /backups/base /backups/wal
chown postgres: /backups/wal
case ${WAL_ARCHIVE:-off} in
  off) ;;
  on) set -- "$@" -c archive_mode=on -c archive_timeout=5min -c "archive_command=bash /docker/backup.sh archive '%p' '%f'" ;;
  *) fail "WAL_ARCHIVE is $WAL_ARCHIVE; it must be on or off." ;;
esac
exec docker-entrypoint.sh "$@"
