#!/usr/bin/env bash
# Tests the playbooks of ansible/ by deploying to a bare machine, and runs the commands of docs/deployment.md there.
# Prints one line for each check.
#
# Usage: ansible-test.sh [RELEASE...]   deploy to bookworm (Docker's repository; the default), trixie (the packages of
#                                       Debian), or both
#        ansible-test.sh --all          both, also with an image from a registry and one that the playbook builds, with a
#                                       reboot, a full disk, a broker and a database elsewhere, and two machines in one play
#        ansible-test.sh --prepare      only install the tools and create the image of the bare machine
#        ansible-test.sh --help
# Environment: TOOLS_REQUIRED=true      fail instead of skipping when something is missing
#
# Needs root on Debian (amd64). src/test/lab/target.sh boots the machine; the images are built with the running Docker engine
# or, if none runs, with one that src/test/lab/engine.sh starts. Nothing is left running.
set -uo pipefail

# shellcheck source=SCRIPTDIR/../shell/checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell/checks.sh"

all=false prepare=false releases=()
for argument in "$@"; do
  case $argument in
    --all) all=true releases=(bookworm trixie) ;;
    bookworm | trixie) releases+=("$argument") ;;
    --prepare) prepare=true ;;
    -h | --help) usage; leave 0 ;;
    *) usage >&2; leave 2 ;;
  esac
done
[ ${#releases[@]} -gt 0 ] || releases=(bookworm)

# as in ansible/ansible.cfg, which is read in that directory only
export ANSIBLE_PIPELINING=true
export APP_IMAGE=datapipeline-deployment-test:latest ANSIBLE_NOCOLOR=1 ANSIBLE_HOST_KEY_CHECKING=false ANSIBLE_FORCE_COLOR=0
unset ANSIBLE_CONFIG
host=10.231.77.1
inventory=$work/inventory.ini
vars=$work/vars.json
output=$work/output
everything=$work/everything
# with all characters that are special in .env
vault_password=a\'b\$c\"d\\e\#f-and-more-to-make-it-long

# The last play, which a check therefore does not print
diagnose() { [ ! -f "$output" ] || tail -n 60 "$output"; }

cleanup() {
  TARGET=2 target stop > /dev/null 2>&1
  target stop > /dev/null 2>&1
  stop_process "$work/registry.pid"
  if engine_answers; then
    docker image rm "$APP_IMAGE" localhost:5000/datapipeline:latest > /dev/null 2>&1
  fi
}

# --- the machine, and what is deployed to it

target() { bash "$project/src/test/lab/target.sh" "$@"; }
on_target() { target ssh "$@"; }
install_tools() {
  has_commands ansible-playbook ansible-lint yamllint || install_packages ansible ansible-lint yamllint || return 1
  target prepare "${releases[@]}" && ansible --version
}

build_images() {
  DOCKER_BUILDKIT=1 docker compose build app || return 1
  local images
  mapfile -t images < <(docker compose config --images)
  docker save --output "$work/images.tar" "${images[@]}" || return 1
  if $all; then push_to_registry || return 1; fi
  next_version
}

# Saves an image of the same application with one more migration, for the upgrade.
next_version() {
  local id war=/opt/ol/wlp/usr/servers/defaultServer/apps/datapipeline.war
  mkdir -p "$work/next" && id=$(docker create "$APP_IMAGE") && docker cp "$id:$war" "$work/next/" || return 1
  docker rm "$id"
  python3 - "$work/next/datapipeline.war" << 'PYTHON' || return 1
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "a") as war:
    war.writestr("WEB-INF/classes/db/migration/V999__upgrade.sql", "CREATE TABLE of_the_next_version (id int);\n")
PYTHON
  printf 'FROM %s\nCOPY --chown=1001:0 datapipeline.war /config/apps/\n' "$APP_IMAGE" > "$work/next/Dockerfile"
  docker build --quiet --tag "$APP_IMAGE" "$work/next" && docker save --output "$work/next.tar" "$APP_IMAGE"
}

registry() { # ADDRESS
  REGISTRY_HTTP_ADDR=$1:5000 REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=$work/registry \
    docker-registry serve "$work/registry.yml" > "$work/registry.log" 2>&1 &
  echo $! > "$work/registry.pid"
  wait_until 20 curl -sf -o /dev/null "http://$1:5000/v2/"
}
push_to_registry() {
  has_commands docker-registry || install_packages docker-registry || return 1
  printf 'version: 0.1\nstorage: {filesystem: {}}\nhttp: {}\n' > "$work/registry.yml"
  registry localhost || return 1
  docker tag "$APP_IMAGE" localhost:5000/datapipeline:latest && docker push --quiet localhost:5000/datapipeline:latest
  local outcome=$?
  stop_process "$work/registry.pid"
  return $outcome
}

boot() { # RELEASE
  target boot "$1" && cp "$(target inventory)" "$inventory" || return 1
  local source=docker
  [ "$1" = bookworm ] || source=distro
  local fingerprint
  fingerprint=$(curl -sf "http://$host:8079/linux/debian/gpg" | GNUPGHOME=$work gpg --batch --show-keys --with-colons 2> /dev/null \
    | awk -F: '$1 == "fpr" {print $10; exit}') || return 1
  cat > "$vars" << JSON
{"docker_package_source": "$source", "docker_repository_url": "http://$host:8079/linux",
 "docker_repository_key_fingerprint": "$fingerprint", "docker_users": ["deploy"],
 "datapipeline_image_source": "archive", "datapipeline_image": "$APP_IMAGE", "datapipeline_image_archive": "$work/images.tar",
 "datapipeline_backup_schedule": "*-*-* 03:00"}
JSON
}

play() { # PLAYBOOK ARGUMENT...
  local playbook=$1 outcome
  shift
  ansible-playbook -i "$inventory" "ansible/$playbook.yml" --extra-vars "@$vars" "$@" > "$output" 2>&1 < /dev/null
  outcome=$?
  cat "$output" >> "$everything"
  return $outcome
}
deploy() { play deploy "$@"; }
teardown() { play teardown "$@"; }
changed() { sed -n 's/.* changed=\([0-9]*\) .*/\1/p' "$output" | sort -u; }
changes_nothing() {
  "$@" && { [ "$(changed)" = 0 ] || { echo "changed, although nothing should be:"; tasks_that_changed; false; }; }
}
tasks_that_changed() { awk '/^TASK/ {task = $0} /^changed:/ {print task; print}' "$output"; }

# The deployment fails with the text and has changed nothing.
refuses() { # TEXT ARGUMENT...
  local text=$1
  shift
  deploy "$@" && return 1
  tr -s ' \n' ' ' < "$output" | grep -qF "$text" && [ "$(changed)" = 0 ]
}

deployed_compose() { on_target "cd /opt/datapipeline && sudo docker compose $*"; }
sql() { deployed_compose "exec -T postgres psql -U datapipeline datapipeline -AtXqc \"$1\""; }
containers() { deployed_compose ps --quiet --no-trunc "$@"; }

# Runs the commands below a marker in docs/deployment.md on the machine.
documented() { # NAME
  local text
  text=$(documented_commands "$1" docs/deployment.md) || return 1
  echo "$text"
  # in a file, because docker compose exec would read the rest from standard input
  printf '%s\n' "$text" | on_target 'cat > documented && bash -euo pipefail documented < /dev/null'
}

# --- the checks

lint() {
  cd ansible || return 1
  yamllint --strict . && ansible-lint --offline --profile production --nocolor || return 1
  local playbook
  for playbook in deploy teardown; do
    ansible-playbook -i inventory.example.yml "$playbook.yml" --syntax-check || return 1
  done
}

every_variable_is_documented() {
  local role name status=0
  for role in docker datapipeline; do
    while IFS= read -r name; do
      grep -q "^| \`$name\` |" "ansible/roles/$role/README.md" || { echo "the README of $role lacks $name"; status=1; }
      grep -q "^      $name:" "ansible/roles/$role/meta/argument_specs.yml" || { echo "$name has no specification"; status=1; }
    done < <(sed -n 's/^\([a-z_]*\):.*/\1/p' "ansible/roles/$role/defaults/main.yml")
  done
  return $status
}

# Unchanged sources give the same bytes, regardless of owners and times.
packing_is_reproducible() {
  local pack=ansible/roles/datapipeline/files/pack.py
  python3 $pack "$work/1.tar.gz" . pom.xml liberty src/main || return 1
  find src/main -exec touch -d '2001-02-03' {} + && chown -R 1:1 src/main
  python3 $pack "$work/2.tar.gz" . pom.xml liberty src/main || return 1
  chown -R "$(id -u):$(id -g)" src/main
  cmp "$work/1.tar.gz" "$work/2.tar.gz"
}

refuses_another_distribution() {
  on_target "sudo sed -i.kept 's/^VERSION_ID=.*/VERSION_ID=\"11\"/' /usr/lib/os-release; sudo sed -i.kept 's/.*/11.9/' /etc/debian_version"
  refuses 'is not supported. Supported are Debian 12 and 13, Ubuntu 22.04 and 24.04.'
  local outcome=$?
  on_target 'sudo mv /usr/lib/os-release.kept /usr/lib/os-release && sudo mv /etc/debian_version.kept /etc/debian_version' && return $outcome
}
refuses_without_sudo() {
  on_target 'sudo useradd -m guest && sudo cp -r .ssh /home/guest/ && sudo chown -R guest /home/guest/.ssh' || return 1
  sed 's/ansible_user=deploy/ansible_user=guest/' "$inventory" > "$work/guest.ini"
  inventory=$work/guest.ini refuses 'Cannot become root on target.'
}
refuses_taken_port() {
  on_target sudo systemd-run --quiet --unit=squatter python3 -m http.server --bind 127.0.0.1 5432 || return 1
  wait_until 20 on_target 'ss -Hltn sport = :5432 | grep -q .' || return 1
  refuses 'Port 5432 of target is taken by python3 (process'
  local outcome=$?
  on_target sudo systemctl stop squatter && return $outcome
}
refuses_wrong_key() {
  deploy --extra-vars docker_repository_key_fingerprint=0000000000000000000000000000000000000000 && return 1
  grep -q 'is not the one that was expected: its fingerprint is [0-9A-F]\{40\}' "$output" || return 1
  on_target 'test ! -e /etc/apt/keyrings/docker.asc && test ! -e /etc/apt/sources.list.d/docker.sources && ! command -v docker'
}
refuses_unreachable_repository() {
  deploy --extra-vars "docker_repository_url=http://$host:9/linux" && return 1
  grep -q "Cannot read Docker's repository at http://$host:9/linux" "$output"
}

check_mode_changes_nothing() {
  deploy --check --diff || return 1
  grep -q 'Would install docker' "$output" && grep -q 'Would copy docker-compose.yml' "$output" || return 1
  on_target '! command -v dockerd && test ! -e /opt/datapipeline && test ! -e /etc/docker'
}

first_deployment() {
  printf 'password' > "$work/vault-password"
  python3 -c 'import json, sys; print(json.dumps({"datapipeline_db_reader_password": sys.argv[1]}))' "$vault_password" \
    > "$work/vault.yml" || return 1
  ansible-vault encrypt --vault-password-file "$work/vault-password" "$work/vault.yml" || return 1
  deploy --diff -v --vault-password-file "$work/vault-password" --extra-vars "@$work/vault.yml" || return 1
  grep -q 'The pipeline runs on target, and rows arrive.' "$output"
}

docker_is_configured() {
  on_target 'systemctl is-enabled docker containerd && id -nG | grep -qw docker && docker ps --quiet > /dev/null \
    && python3 -m json.tool /etc/docker/daemon.json && dpkg-query -W apparmor' || return 1
  [ "$(on_target docker info --format '{{.LoggingDriver}}')" = local ]
}

secrets_are_kept() {
  local modes name secret
  modes=$(on_target 'cd /opt/datapipeline && sudo stat -c "%U %a %n" .env secrets && sudo find secrets -type f -printf "%u %m\n" | sort -u')
  echo "$modes"
  [ "$modes" = $'root 600 .env\nroot 700 secrets\nroot 600' ] || return 1
  for name in DB_PASSWORD DB_READER_PASSWORD OPERATOR_PASSWORD; do
    secret=$(on_target sudo cat "/opt/datapipeline/secrets/$name")
    [ ${#secret} -ge 32 ] || { echo "$name is short"; return 1; }
    ! grep -qF "$secret" "$everything" || { echo "the log has $name"; return 1; }
  done
  reader_logs_in
}
# with the password in the file, so that one is valid
reader_logs_in() {
  on_target sudo bash -s << 'SCRIPT' | grep -qx reader
cd /opt/datapipeline
docker compose exec -T -e PGPASSWORD="$(cat secrets/DB_READER_PASSWORD)" postgres \
  psql -h postgres -U reader datapipeline -AtXqc 'SELECT current_user' < /dev/null
SCRIPT
}

recreates_only_app() { # ARGUMENT...: deploys with them
  local before_app before_others rows_before
  before_app=$(containers app) before_others=$(containers kafka postgres) rows_before=$(rows) || return 1
  deploy "$@" || return 1
  [ "$(containers kafka postgres)" = "$before_others" ] || { echo "kafka or postgres was recreated"; return 1; }
  [ "$(containers app)" != "$before_app" ] || { echo "app is the same"; return 1; }
  [ "$(rows)" -ge "$rows_before" ]
}
# Every setting that is a secret has a value with "planted" in it, which must not be printed.
plant_secrets() {
  cat > "$work/settings.json" << 'JSON'
{"datapipeline_settings": {
  "PRODUCER_INTERVAL": "PT0.2S", "API_PRODUCER_PASSWORD": "planted-1", "API_READER_PASSWORD": "planted-2",
  "KAFKA_CLIENT_SASL_JAAS_CONFIG": "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"planted-3\";",
  "KAFKA_CLIENT_SSL_TRUSTSTORE_PASSWORD": "planted-4", "KAFKA_CLIENT_SSL_KEYSTORE_PASSWORD": "planted-5",
  "KAFKA_CLIENT_SSL_KEY_PASSWORD": "planted-6", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=planted-7",
  "keystore_password": "planted-8", "ALERT_WEBHOOK_URL": "http://planted-9", "ALERT_SMTP_PASSWORD": "planted-10"}}
JSON
  local name
  for name in $(grep -oE '^ *[A-Za-z_]*(PASSWORD|JAAS_CONFIG|HEADERS|WEBHOOK_URL|password):' docker-compose.yml | tr -d ' :' | sort -u); do
    case $name in DB_PASSWORD | DB_READER_PASSWORD | OPERATOR_PASSWORD) continue ;; esac
    grep -qF "\"$name\"" "$work/settings.json" || { echo "$name has no planted value"; return 1; }
  done
}
# in any mode, of any play so far
no_secret_was_printed() {
  ! grep -nE 'planted' "$everything" | cut -c 1-300 | grep . && on_target sudo grep -c planted /opt/datapipeline/.env | grep -qx 10
}
refuses_a_secret_of_two_lines() {
  refuses 'The value of API_READER_PASSWORD has more than one line.' \
    -vvv -e '{"datapipeline_settings": {"API_READER_PASSWORD": "planted\nsecret"}}' && ! grep -qF planted "$output"
}
changed_setting() {
  plant_secrets && deploy --check --diff -vvv --extra-vars "@$work/settings.json" || return 1
  grep -qF 'PRODUCER_INTERVAL=\"PT0.2S\"' "$output" && grep -qF 'API_READER_PASSWORD=(hidden)' "$output" || return 1
  local kept
  kept=$(secrets)
  on_target sudo tee /opt/datapipeline/docker-compose.override.yml <<< '{services: {app: {environment: {OPERATORS_OWN: kept}}}}' || return 1
  recreates_only_app --diff -vvv --extra-vars "@$work/settings.json" || return 1
  no_secret_was_printed || return 1
  [ "$(secrets)" = "$kept" ] && [ "$(deployed_compose exec -T app printenv PRODUCER_INTERVAL OPERATORS_OWN)" = $'PT0.2S\nkept' ]
}
secrets() { on_target sudo sh -c '"cat /opt/datapipeline/secrets/*"'; }

# Given to the first run only
password_from_a_vault() {
  [ "$(on_target sudo cat /opt/datapipeline/secrets/DB_READER_PASSWORD)" = "$vault_password" ] || return 1
  # a part that is the same where the rest would be escaped
  # shellcheck disable=SC2016
  reader_logs_in && ! grep -qF 'b$c' "$everything"
}
comes_back_after_reboot() { # with the settings of the last deployment
  rows_arrive_after_reboot && changes_nothing deploy --extra-vars "@$work/settings.json" && return
  on_target 'docker ps --all; sudo journalctl --boot --no-pager --unit docker --lines 20'
  return 1
}
# Rows from before it would not show that the application is back.
rows_arrive_after_reboot() {
  local before
  target reboot && wait_until 120 rows && before=$(rows) && wait_until 180 has_more_rows_than "$before"
}

upgrade() {
  recreates_only_app --extra-vars "datapipeline_image_archive=$work/next.tar" || return 1
  [ "$(sql "SELECT count(*) FROM of_the_next_version")" = 0 ] || return 1
  changes_nothing deploy --extra-vars "datapipeline_image_archive=$work/next.tar" || return 1
  # the former image is gone; the version before does not start with these tables
  [ "$(on_target docker image ls --quiet --filter label=name=datapipeline | wc -l)" = 1 ] || return 1
  sed -i "s#$work/images.tar#$work/next.tar#" "$vars"
}

# The database begins anew in a small file system, into which the topic doesn't fit.
disk_fills_and_is_freed() {
  local outcome=0
  small_disk_of_the_database | on_target 'sudo tee /opt/datapipeline/docker-compose.override.yml' || return 1
  deployed_compose stop && deploy && runbook_of_the_full_disk || outcome=1
  # and back
  on_target 'docker rm --force holder datapipeline-postgres-1; sudo rm /opt/datapipeline/docker-compose.override.yml'
  deploy && on_target docker volume rm datapipeline_small && return $outcome
}
runbook_of_the_full_disk() {
  local stored
  runbook reserve || return 1
  # keeps the file system while postgres is stopped
  on_target docker run --detach --rm --name holder --volume datapipeline_small:/small --entrypoint sleep "$APP_IMAGE" infinity || return 1
  random_events | on_target docker exec --interactive datapipeline-kafka-1 \
    /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server localhost:9092 --topic sensor_data || return 1
  wait_until 120 is_not_ready && wait_until 60 runbook look || return 1
  runbook 'use the reserve' && runbook 'delete rows' && stored=$(rows) && runbook continue || return 1
  wait_until 60 has_more_rows_than "$stored" && wait_until 180 has_no_lag && only_deleted_rows_are_missing
}
# Runs the commands below a marker in docs/operations.md on the machine, in the directory of the deployment.
runbook() { # NAME
  local text
  text=$(documented_commands "disk full: $1" docs/operations.md) || return 1
  echo "$text"
  printf 'cd /opt/datapipeline\n%s\n' "$text" | on_target 'cat > documented && sudo bash -euo pipefail documented < /dev/null'
}
# The machine has no curl of its own.
is_not_ready() { deployed_compose exec -T app curl -s -m 8 http://localhost:9080/health/ready | grep -q '"status":"DOWN"'; }
has_no_lag() { deployed_compose exec -T app curl -sf http://localhost:9080/api/stats | grep -q '"total":[0-9][,}]'; }

# A broker and a database that the deployment doesn't manage, on the same machine
external_broker_and_database() {
  local password=elsewhere-password outcome=0
  on_target bash -s << SCRIPT || return 1
docker run --detach --name elsewhere-postgres --network host --env POSTGRES_DB=datapipeline \
  --env POSTGRES_PASSWORD=$password postgres:18.6 postgres -c port=15432 > /dev/null
docker run --detach --name elsewhere-kafka --network host --env KAFKA_NODE_ID=1 --env KAFKA_PROCESS_ROLES=broker,controller \
  --env KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:19093 --env KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER \
  --env KAFKA_LISTENERS=PLAINTEXT://172.17.0.1:19092,CONTROLLER://localhost:19093 \
  --env KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://172.17.0.1:19092 \
  --env KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT \
  --env KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1 --env KAFKA_HEAP_OPTS=-Xmx256m apache/kafka:4.3.1 > /dev/null
SCRIPT
  runs_with_what_is_elsewhere "$password" || outcome=1
  on_target docker rm --force --volumes elsewhere-kafka elsewhere-postgres
  # and back
  deploy && [ "$(containers kafka postgres | wc -l)" = 2 ] && wait_until 60 has_more_rows_than "$(rows)" && return $outcome
}
runs_with_what_is_elsewhere() { # PASSWORD
  deploy --extra-vars '{"datapipeline_settings": {"KAFKA_BOOTSTRAP_SERVERS": "172.17.0.1:19092", "DB_HOST": "172.17.0.1",
    "DB_PORT": 15432, "DB_USER": "postgres"}}' --extra-vars "datapipeline_db_password=$1" \
    || { on_target 'docker logs elsewhere-postgres; docker logs elsewhere-kafka' 2>&1 | tail -20; return 1; }
  [ -z "$(containers kafka postgres)" ] && grep -q 'The pipeline runs on target, and rows arrive.' "$output" || return 1
  local count
  count=$(on_target docker exec elsewhere-postgres psql -p 15432 -U postgres datapipeline -AtXqc "'SELECT count(*) FROM raw_events'") || return 1
  echo "$count rows elsewhere"
  [ "$count" -gt 0 ] && ! grep -F "$1" "$output"
}
backup_and_restore() {
  [ "$(on_target stat -c '%U:%a' /var/backups/datapipeline)" = root:700 ] || return 1
  on_target systemctl list-timers datapipeline-backup.timer | grep 03:00:00 || return 1
  # the first one was made by the deployment
  documented backup && [ "$(sql 'SELECT count(*) FROM backups')" = 2 ] || return 1
  documented drill | grep 'The backup can be restored, and the proof holds in it.' || return 1
  local before
  before=$(rows)
  sql 'DELETE FROM raw_events' || return 1
  documented restore | tee "$work/restored" || return 1
  grep -q 'RESTORED. The proof holds' "$work/restored" && reader_logs_in || return 1
  deployed_compose exec -T app curl -s http://localhost:9080/metrics | grep '^datapipeline_backup_age_seconds.* [0-9]' || return 1
  wait_until 120 has_more_rows_than "$before" && nothing_is_missing
}
nothing_is_missing() {
  local proof
  proof=$(documented verify) || return 1
  echo "$proof"
  # duplicates, unexplained, beyond and lost are 0 in each row of the first result; absent and unread may be more
  local sound='^ sensor_data .*\| +0 \| +[0-9]+ \| +0 \| +0 \| +0 \| +[0-9]+$'
  grep -Eq "$sound" <<< "$proof" && ! grep -E '^ sensor_data ' <<< "$proof" | grep -vE "$sound"
}

teardown_keeps_the_data() {
  local before kept
  before=$(rows) kept=$(secrets) || return 1
  teardown || return 1
  [ -z "$(on_target docker ps --all --quiet)" ] && on_target test ! -e /opt/datapipeline/docker-compose.yml || return 1
  changes_nothing teardown || return 1
  deploy && [ "$(secrets)" = "$kept" ] && [ "$(rows)" -gt "$before" ]
}
teardown_deletes_everything() {
  teardown --check --extra-vars delete_data=yes && [ "$(rows)" -gt 0 ] || return 1
  teardown --extra-vars delete_data=yes || return 1
  [ -z "$(on_target 'docker ps --all --quiet; docker volume ls --quiet; docker network ls --quiet --filter name=pipeline')" ] || return 1
  on_target test ! -e /opt/datapipeline && changes_nothing teardown --extra-vars delete_data=yes
}

# Beside the machine that has a pipeline already
a_second_machine() {
  TARGET=2 target boot "$1" || return 1
  { cat "$inventory"; echo '[vm]'; grep '^target2 ' "$(TARGET=2 target inventory)"; } > "$work/both.ini"
  local outcome=0
  inventory=$work/both.ini deploy_to_both || outcome=1
  TARGET=2 target stop
  return $outcome
}
deploy_to_both() {
  deploy || return 1
  local name
  for name in target target2; do
    grep -q "The pipeline runs on $name, and rows arrive." "$output" || return 1
  done
  changes_nothing deploy || return 1
  [ "$(secrets)" != "$(TARGET=2 secrets)" ] || { echo 'both have the same passwords'; return 1; }
  teardown --limit target2 --extra-vars delete_data=yes && TARGET=2 on_target test ! -e /opt/datapipeline \
    && wait_until 60 has_more_rows_than "$(rows)"
}

image_from_a_registry() {
  registry $host || return 1
  printf '{"docker_daemon_options": {"log-driver": "local", "insecure-registries": ["%s:5000"]}, "datapipeline_image_source": "pull",
    "datapipeline_image": "%s:5000/datapipeline:latest"}' $host $host > "$work/pull.json"
  deploy --extra-vars "@$work/pull.json" || return 1
  [ "$(deployed_compose ps --format '{{.Image}}' app)" = "$host:5000/datapipeline:latest" ] || return 1
  changes_nothing deploy --extra-vars "@$work/pull.json" || return 1
  deploy --extra-vars "@$work/pull.json" --extra-vars "datapipeline_image=$host:5000/no-such-image" && return 1
  grep -q 'could not be pulled on target' "$output" && wait_until 60 has_more_rows_than "$(rows)"
}

# On this host, because the machine reaches no registry
builds_the_image() {
  printf 'localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n' > "$work/local.ini"
  cat > ansible/build-test.yml << 'YAML'
- hosts: all
  tasks:
    - ansible.builtin.include_role: {name: datapipeline, tasks_from: preflight.yml}
    - ansible.builtin.include_role: {name: datapipeline}
YAML
  printf '{"datapipeline_directory": "%s/built", "datapipeline_backup_directory": "%s/backups"}' "$work" "$work" > "$work/local.json"
  local outcome=0
  inventory=$work/local.ini vars=$work/local.json play build-test \
    && inventory=$work/local.ini vars=$work/local.json changes_nothing play build-test || outcome=1
  # changed sources give another image
  if [ $outcome = 0 ]; then
    echo '// changed' >> src/main/java/dev/datapipeline/PipelineStarter.java
    inventory=$work/local.ini vars=$work/local.json play build-test && [ "$(changed)" -gt 0 ] \
      && [ "$(docker image ls --quiet datapipeline | wc -l)" = 2 ] || outcome=1
  fi
  inventory=$work/local.ini vars=$work/local.json teardown --extra-vars delete_data=yes || outcome=1
  [ -z "$(docker image ls --quiet datapipeline)" ] || outcome=1
  return $outcome
}

# --- the run

obstacle=$(lab_obstacle)
[ -z "$obstacle" ] || skip_everything 'the deployment test' "no machine can be booted because $obstacle; run this as root on Debian (amd64)"

copy_project
check 'tools are installed, and the image of the bare machine is present' install_tools || give_up
! $prepare || exit
check 'a Docker engine with Compose runs, and the base images are present' engine || give_up
check 'yamllint, ansible-lint with profile production, --syntax-check' lint
check 'every variable is in the README and in the argument specification' every_variable_is_documented
check 'packing the sources is reproducible' packing_is_reproducible
check 'the images are built and saved in archives' build_images || give_up
if $all; then
  if $stop_engine_at_end; then
    check 'build: the playbook builds the image, and builds it again only from changed sources' builds_the_image
  else
    skip 'build: the playbook builds the image' 'the running engine may run a pipeline of its own'
  fi
fi
# the rest needs no engine here
stop_engine

for release in "${releases[@]}"; do
  check "$release: a bare machine boots" boot "$release" || continue
  check "$release: --check --diff before the first run" check_mode_changes_nothing
  check "$release: refuses a user without sudo" refuses_without_sudo
  check "$release: refuses another distribution" refuses_another_distribution
  check "$release: refuses a port in use, and names the process" refuses_taken_port
  check "$release: refuses too little memory" refuses 'MiB of memory. The pipeline needs 99999999 MiB' -e datapipeline_memory_minimum=99999999
  check "$release: refuses too small a disk" refuses 'The pipeline needs 99999999 MiB' -e datapipeline_disk_minimum=99999999
  check "$release: refuses an unknown setting" refuses 'docker-compose.yml has no setting PRODUCER_INTERVALL' \
    -e '{"datapipeline_settings": {"PRODUCER_INTERVALL": "PT1S"}}'
  check "$release: refuses a secret of two lines, and does not print it" refuses_a_secret_of_two_lines
  check "$release: refuses an archive that does not exist" refuses 'names no file on this machine' -e datapipeline_image_archive=/nowhere.tar
  if [ "$release" = bookworm ]; then
    check "$release: refuses the packages of Debian 12" refuses 'Debian 12 has no Compose v2' -e docker_package_source=distro
    check "$release: refuses a wrong key and does not keep it" refuses_wrong_key
    check "$release: names an unreachable repository" refuses_unreachable_repository
  fi
  check "$release: the first run deploys, and rows arrive" first_deployment || continue
  check "$release: the second run changes nothing" changes_nothing deploy
  check "$release: --check --diff after it changes nothing" changes_nothing deploy --check --diff
  check "$release: Docker is configured" docker_is_configured
  check "$release: secrets are on the machine only, with mode 0600, and valid" secrets_are_kept
  check "$release: a password from a vault is kept without the vault" password_from_a_vault
  check "$release: docs: look" documented look
  check "$release: a changed setting recreates the application only, and no secret is printed" changed_setting
  if $all; then
    check "$release: everything comes back after a reboot" comes_back_after_reboot
  fi
  check "$release: an upgrade keeps the data" upgrade
  check "$release: docs: backup and restore" backup_and_restore
  if $all; then
    check "$release: docs: the runbook of a full disk brings everything back" disk_fills_and_is_freed
    check "$release: a broker and a database elsewhere" external_broker_and_database
    check "$release: a second machine in the same play" a_second_machine "$release"
  fi
  if $all && [ "$release" = trixie ]; then
    check "$release: an image from a registry" image_from_a_registry
  fi
  check "$release: docs: nothing is missing or duplicated" nothing_is_missing
  check "$release: teardown keeps the data, and a new deployment uses them" teardown_keeps_the_data
  check "$release: teardown deletes everything if told to" teardown_deletes_everything
  target stop
done
