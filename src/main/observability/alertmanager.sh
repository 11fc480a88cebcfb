#!/bin/sh
# Entry point of the alertmanager service in docker-compose.yml. Writes Alertmanager's configuration from the variables
# ALERT_*, then runs the program (the first argument) with the other arguments. docs/operations.md explains the variables.
# The configuration contains secrets: only this user can read it, and neither the arguments nor the environment of the
# program have them.
set -eu
config=${ALERT_CONFIG:-/tmp/alertmanager.yml}

fail() { echo "datapipeline: $1" >&2; exit 1; }

# Prints a setting as a YAML string. In single quotes, only the quote itself is special.
yaml() { # NAME
  printf "'%s'" "$(printenv "$1" | sed "s/'/''/g")"
}

settings='ALERT_WEBHOOK_URL ALERT_EMAIL_TO ALERT_EMAIL_FROM ALERT_SMTP_HOST ALERT_SMTP_USER ALERT_SMTP_PASSWORD'
for name in $settings; do
  [ "$(printenv "$name" | wc -l)" -le 1 ] || fail "$name must be one line."
done

webhook=${ALERT_WEBHOOK_URL:-} email=${ALERT_EMAIL_TO:-}
case $webhook in
  '' | http://?* | https://?*) ;;
  *) fail 'ALERT_WEBHOOK_URL must begin with http:// or https://.' ;;
esac
case ${ALERT_SMTP_TLS:-true} in
  true | false) ;;
  *) fail 'ALERT_SMTP_TLS must be true or false.' ;;
esac
if [ -n "$email" ]; then
  case ${ALERT_SMTP_HOST:-} in
    ?*:[0-9]*) ;;
    *) fail 'ALERT_EMAIL_TO needs ALERT_SMTP_HOST, such as mail.example.com:587.' ;;
  esac
  [ -n "${ALERT_EMAIL_FROM:-}" ] || fail 'ALERT_EMAIL_TO needs ALERT_EMAIL_FROM.'
fi

umask 077
{
  cat << 'END'
route:
  receiver: datapipeline
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
receivers:
  - name: datapipeline
END
  [ -z "$webhook" ] || printf '    webhook_configs:\n      - url: %s\n' "$(yaml ALERT_WEBHOOK_URL)"
  if [ -n "$email" ]; then
    cat << END
    email_configs:
      - to: $(yaml ALERT_EMAIL_TO)
        from: $(yaml ALERT_EMAIL_FROM)
        smarthost: $(yaml ALERT_SMTP_HOST)
        auth_username: $(yaml ALERT_SMTP_USER)
        auth_password: $(yaml ALERT_SMTP_PASSWORD)
        require_tls: ${ALERT_SMTP_TLS:-true}
        send_resolved: true
END
  fi
} > "$config"
# shellcheck disable=SC2086
unset $settings
[ -n "$webhook$email" ] || echo 'datapipeline: no receiver is set, so nobody is notified of alerts'
program=$1
shift
exec "$program" --config.file="$config" "$@"
