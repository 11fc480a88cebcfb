#!/usr/bin/env bash
# Starts the postgres service of docker-compose.yml: gives each role its password, then hands over to the
# image's own entry point. No password has a default: what .env does not set is generated once, and kept in
# a volume of its own, which the app service reads.
set -euo pipefail
credentials=/run/credentials
pgdata=${PGDATA:-/var/lib/postgresql/18/docker}

fail() { printf 'datapipeline: %s\n' "$1" >&2; exit 1; }

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

quoted() { printf "'%s'" "${1//\'/\'\'}"; }

# The server is not running yet, and single-user mode asks for no password.
set_password() { # ROLE PASSWORD
  printf 'ALTER ROLE "%s" PASSWORD %s\n' "${1//\"/\"\"}" "$(quoted "$2")" \
    | setpriv --reuid=postgres --regid=postgres --init-groups \
        postgres --single -D "$pgdata" -c log_min_messages=fatal postgres > /dev/null
}

# The file named after the variable holds the password that is in force.
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
# nobody else's, but the app service's group 0 reads it
chown root:root "$credentials"
chmod 0750 "$credentials"
provide_password "$DB_USER" DB_PASSWORD
provide_password "$DB_READER_USER" DB_READER_PASSWORD

if [ -s "$pgdata/PG_VERSION" ]; then
  unset DB_PASSWORD DB_READER_PASSWORD
else
  # for roles.sql
  export DB_PASSWORD DB_READER_PASSWORD
  # nobody needs it: the superuser logs in through the socket inside of the container
  POSTGRES_PASSWORD=$(random)
  export POSTGRES_PASSWORD
fi
exec docker-entrypoint.sh "$@"
