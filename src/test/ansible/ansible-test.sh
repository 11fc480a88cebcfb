#!/usr/bin/env bash
# Tests the playbooks of ansible/ by deploying on a bare booted machine, and runs the commands of docs/deployment.md there.
# Prints one line for each check.
#   ansible-test.sh [TARGET...]   bookworm (Docker's repository; the default), trixie (the distribution's packages), or both
#   ansible-test.sh --all         both, with an image from a registry, and one that the playbook builds
# The machine and its package repository are those of ../shared/labs/vm/lab; the images are built with the machine's
# engine or, where there is none, with the one of ../shared/labs/compose/lab. Needs root, and leaves nothing running.
set -uo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
all=false targets=()
for argument in "$@"; do
  case $argument in
    --all) all=true targets=(bookworm trixie) ;;
    bookworm | trixie) targets+=("$argument") ;;
    *) sed -n 2,8p "$0"; exit 2 ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || targets=(bookworm)

# shellcheck source=../shell/checks.sh
source "$root/src/test/shell/checks.sh"

export APP_IMAGE=datapipeline-test:latest ANSIBLE_NOCOLOR=1 ANSIBLE_HOST_KEY_CHECKING=false ANSIBLE_FORCE_COLOR=0
unset ANSIBLE_CONFIG
host=10.231.77.1
inventory=$work/inventory.ini
vars=$work/vars.json
output=$work/output
everything=$work/everything
registry_pid=

diagnose() { [ ! -f "$output" ] || tail -n 60 "$output"; }

cleanup() {
  [ ! -f "$work/vm/lab" ] || lab down > /dev/null 2>&1
  [ -z "$registry_pid" ] || kill "$registry_pid" 2> /dev/null
  if docker info > /dev/null 2>&1; then
    docker image rm "$APP_IMAGE" localhost:5000/datapipeline:latest > /dev/null 2>&1
  fi
}

# --- the machine, and what is deployed on it

lab() { bash "$work/vm/lab" "$@"; }
on_target() { lab ssh "$@"; }
vm_tools() {
  command -v ansible-lint > /dev/null && command -v yamllint > /dev/null && command -v systemd-nspawn > /dev/null \
    && command -v mmdebstrap > /dev/null && command -v apt-ftparchive > /dev/null || lab deps || return 1
  lab repo && ansible --version
}

images() {
  DOCKER_BUILDKIT=1 docker compose build app || return 1
  local image
  for image in apache/kafka:4.3.1 postgres:18; do
    docker image inspect "$image" > /dev/null 2>&1 || docker pull "$image" || return 1
  done
  docker save --output "$work/images.tar" "$APP_IMAGE" apache/kafka:4.3.1 postgres:18 || return 1
  if $all; then push_to_registry || return 1; fi
  next_version
}

# The same application with one more migration: what an upgrade brings
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
  registry_pid=$!
  echo "$registry_pid" > "$work/registry.pid"
  wait_until 20 curl -sf -o /dev/null "http://$1:5000/v2/"
}
push_to_registry() {
  command -v docker-registry > /dev/null \
    || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-registry || return 1
  printf 'version: 0.1\nstorage: {filesystem: {}}\nhttp: {}\n' > "$work/registry.yml"
  registry localhost || return 1
  docker tag "$APP_IMAGE" localhost:5000/datapipeline:latest && docker push --quiet localhost:5000/datapipeline:latest
  local outcome=$?
  kill "$registry_pid"
  return $outcome
}

boot() { # TARGET
  lab up "$1" && cp "${LAB_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/datapipeline-lab/vm}/run/inventory.ini" "$inventory" || return 1
  local source=docker
  [ "$1" = bookworm ] || source=distro
  write_vars "$1" "$source"
}
write_vars() { # TARGET SOURCE
  local fingerprint
  fingerprint=$(curl -sf "http://$host:8079/docker/linux/debian/gpg" | GNUPGHOME=$work gpg --batch --show-keys --with-colons 2> /dev/null \
    | awk -F: '$1 == "fpr" {print $10; exit}') || return 1
  cat > "$vars" << JSON
{"docker_package_source": "$2", "docker_repository_url": "http://$host:8079/docker/linux",
 "docker_repository_key_fingerprint": "$fingerprint", "docker_users": ["deploy"],
 "datapipeline_image_source": "archive", "datapipeline_image": "$APP_IMAGE", "datapipeline_image_archive": "$work/images.tar"}
JSON
}

play() { # PLAYBOOK ARGUMENT...
  local playbook=$1 outcome
  shift
  ansible-playbook -i "$inventory" "ansible/$playbook.yml" --extra-vars "@$vars" "$@" > "$output" 2>&1 < /dev/null
  outcome=$?
  cat "$output" | tee -a "$everything"
  return $outcome
}
deploy() { play deploy "$@"; }
teardown() { play teardown "$@"; }
changed() { sed -n 's/.* changed=\([0-9]*\) .*/\1/p' "$output"; }
changes_nothing() { "$@" && [ "$(changed)" = 0 ]; }

# Says TEXT, and nothing was changed before
refuses() { # TEXT ARGUMENT...
  local text=$1
  shift
  deploy "$@" && return 1
  tr -s ' \n' ' ' < "$output" | grep -qF "$text" && [ "$(changed)" = 0 ]
}

compose() { on_target "cd /opt/datapipeline && sudo docker compose $*"; }
sql() { compose "exec -T postgres psql -U datapipeline datapipeline -AtXqc \"$1\""; }
rows() { sql 'SELECT count(*) FROM raw_events'; }
has_more_rows_than() { local now; now=$(rows 2> /dev/null) && [ "$now" -gt "$1" ]; }
containers() { compose ps --quiet --no-trunc "$@"; }
documented() { # NAME: as written, on the target
  local text
  text=$(block "$1" docs/deployment.md) || return 1
  echo "$text"
  printf '%s\n' "$text" | on_target bash -euo pipefail -s
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
    for name in $(sed -n 's/^\([a-z_]*\):.*/\1/p' "ansible/roles/$role/defaults/main.yml"); do
      grep -q "^| \`$name\` |" "ansible/roles/$role/README.md" || { echo "the README of $role lacks $name"; status=1; }
      grep -q "^      $name:" "ansible/roles/$role/meta/argument_specs.yml" || { echo "$name has no specification"; status=1; }
    done
  done
  return $status
}

# Sources without a change give the same bytes, whoever owns them and whenever they were touched
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
  deploy --diff -v || return 1
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
# with the password in the file: it is the one in force
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
changed_setting() {
  deploy --check --diff --extra-vars '{"datapipeline_settings": {"PRODUCER_INTERVAL": "PT0.2S"}}' || return 1
  grep -qF 'PRODUCER_INTERVAL=\"PT0.2S\"' "$output" || return 1
  local kept
  kept=$(secrets)
  recreates_only_app --extra-vars '{"datapipeline_settings": {"PRODUCER_INTERVAL": "PT0.2S"}}' || return 1
  [ "$(secrets)" = "$kept" ] && [ "$(compose exec -T app printenv PRODUCER_INTERVAL)" = PT0.2S ]
}
secrets() { on_target sudo sh -c '"cat /opt/datapipeline/secrets/*"'; }

password_from_a_vault() { # with every character that a file of settings could take for its own
  printf 'password' > "$work/vault-password"
  printf '%s\n' '{"datapipeline_db_reader_password": "a'"'"'b$c\"d\\e#f"}' > "$work/vault.yml"
  ansible-vault encrypt --vault-password-file "$work/vault-password" "$work/vault.yml" || return 1
  deploy --vault-password-file "$work/vault-password" --extra-vars "@$work/vault.yml" || return 1
  [ "$(on_target sudo cat /opt/datapipeline/secrets/DB_READER_PASSWORD)" = 'a'"'"'b$c"d\e#f' ] || return 1
  reader_logs_in || return 1
  # and it stays when it is no longer given
  deploy && reader_logs_in && ! grep -qF 'b$c' "$everything"
}
comes_back_after_reboot() {
  local before
  before=$(rows) || return 1
  lab reboot || return 1
  wait_until 180 has_more_rows_than "$before" && changes_nothing deploy
}

upgrade() {
  recreates_only_app --extra-vars "datapipeline_image_archive=$work/next.tar" || return 1
  [ "$(sql "SELECT count(*) FROM of_the_next_version")" = 0 ] || return 1
  changes_nothing deploy --extra-vars "datapipeline_image_archive=$work/next.tar"
}

backup_and_restore() {
  documented backup || return 1
  local before
  before=$(rows)
  sql 'DELETE FROM raw_events' || return 1
  documented restore || return 1
  reader_logs_in || return 1
  wait_until 120 has_more_rows_than "$before" && nothing_is_missing
}
nothing_is_missing() {
  local proof
  proof=$(documented verify) || return 1
  echo "$proof"
  # of the last three columns, in each row of the first answer
  grep -Eq '^ sensor_data .*\| +0 \| +0 \| +0$' <<< "$proof" && ! grep -E '^ sensor_data ' <<< "$proof" | grep -vE '\| +0 \| +0 \| +0$'
}

keeps_the_data_unless_asked() {
  local before kept
  before=$(rows) kept=$(secrets) || return 1
  teardown || return 1
  [ -z "$(on_target docker ps --all --quiet)" ] && on_target test ! -e /opt/datapipeline/docker-compose.yml || return 1
  changes_nothing teardown || return 1
  deploy && [ "$(secrets)" = "$kept" ] && [ "$(rows)" -gt "$before" ]
}
deletes_everything_when_told() {
  teardown --check --extra-vars delete_data=yes && [ "$(rows)" -gt 0 ] || return 1
  teardown --extra-vars delete_data=yes || return 1
  [ -z "$(on_target 'docker ps --all --quiet; docker volume ls --quiet; docker network ls --quiet --filter name=pipeline')" ] || return 1
  on_target test ! -e /opt/datapipeline && changes_nothing teardown --extra-vars delete_data=yes
}

image_from_a_registry() {
  registry $host || return 1
  printf '{"docker_daemon_options": {"log-driver": "local", "insecure-registries": ["%s:5000"]}, "datapipeline_image_source": "pull",
    "datapipeline_image": "%s:5000/datapipeline:latest"}' $host $host > "$work/pull.json"
  deploy --extra-vars "@$work/pull.json" || return 1
  [ "$(compose ps --format '{{.Image}}' app)" = "$host:5000/datapipeline:latest" ] || return 1
  changes_nothing deploy --extra-vars "@$work/pull.json" || return 1
  deploy --extra-vars "@$work/pull.json" --extra-vars "datapipeline_image=$host:5000/no-such-image" && return 1
  grep -q 'could not be pulled on target' "$output" && wait_until 60 has_more_rows_than "$(rows)"
}

# On this machine, because the other one reaches no registry
builds_the_image() {
  printf 'localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n' > "$work/local.ini"
  cat > ansible/build-test.yml << 'YAML'
- hosts: all
  tasks:
    - ansible.builtin.include_role: {name: datapipeline, tasks_from: preflight.yml}
    - ansible.builtin.include_role: {name: datapipeline}
YAML
  printf '{"datapipeline_directory": "%s/built"}' "$work" > "$work/local.json"
  local outcome=0
  inventory=$work/local.ini vars=$work/local.json play build-test \
    && inventory=$work/local.ini vars=$work/local.json changes_nothing play build-test || outcome=1
  # a changed source is another image
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

if ! copy_lab vm; then
  echo "../shared/labs/vm/lab is not there: nowhere to deploy to."
  failed=1
  exit 1
fi
copy_project
check 'an engine with Compose is there' engine || exit 1
check 'what the machine needs is there' vm_tools || exit 1
check 'yamllint, ansible-lint with profile production, --syntax-check' lint
check 'every variable is in the README and in the specification' every_variable_is_documented
check 'packing the sources is reproducible' packing_is_reproducible
check 'the images are in archives' images || exit 1
if $all; then
  if $started_engine; then
    check 'build: the playbook builds the image, and builds it again only from changed sources' builds_the_image
  else
    skip 'build: the playbook builds the image' 'this engine may run a pipeline of its own'
  fi
fi
# makes room
stop_engine

for target in "${targets[@]}"; do
  check "$target: a bare machine boots" boot "$target" || continue
  check "$target: --check --diff before the first run" check_mode_changes_nothing
  check "$target: no sudo is refused" refuses_without_sudo
  check "$target: another distribution is refused" refuses_another_distribution
  check "$target: a port that is taken is refused, and by whom" refuses_taken_port
  check "$target: too little memory is refused" refuses 'MiB of memory. The pipeline needs 99999999 MiB' -e datapipeline_memory_minimum=99999999
  check "$target: too small a disk is refused" refuses 'The pipeline needs 99999999 MiB' -e datapipeline_disk_minimum=99999999
  check "$target: an unknown setting is refused" refuses 'docker-compose.yml has no setting PRODUCER_INTERVALL' \
    -e '{"datapipeline_settings": {"PRODUCER_INTERVALL": "PT1S"}}'
  check "$target: an archive that is not there is refused" refuses 'names no file on this machine' -e datapipeline_image_archive=/nowhere.tar
  if [ "$target" = bookworm ]; then
    check "$target: the distribution's packages are refused" refuses 'Debian 12 has no Compose v2' -e docker_package_source=distro
    check "$target: a wrong key is refused, and not kept" refuses_wrong_key
    check "$target: an unreachable repository is named" refuses_unreachable_repository
  fi
  check "$target: the first run deploys, and rows arrive" first_deployment || continue
  check "$target: the second run changes nothing" changes_nothing deploy
  check "$target: --check --diff after it changes nothing" changes_nothing deploy --check --diff
  check "$target: Docker is configured" docker_is_configured
  check "$target: secrets are on the host only, with mode 0600, and in force" secrets_are_kept
  check "$target: docs: look" documented look
  check "$target: a changed setting recreates the application only" changed_setting
  check "$target: a password from a vault" password_from_a_vault
  check "$target: everything comes back after a reboot" comes_back_after_reboot
  check "$target: an upgrade keeps the data" upgrade
  check "$target: docs: backup and restore" backup_and_restore
  if $all && [ "$target" = trixie ]; then
    check "$target: an image from a registry" image_from_a_registry
  fi
  check "$target: docs: nothing is missing, nothing is double" nothing_is_missing
  check "$target: teardown keeps the data, a new deployment goes on with them" keeps_the_data_unless_asked
  check "$target: teardown deletes everything when told to" deletes_everything_when_told
  lab down
done
