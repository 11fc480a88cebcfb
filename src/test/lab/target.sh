#!/usr/bin/env bash
# A bare machine to deploy to: Debian with systemd, sshd, Python and a user who may use sudo, booted by systemd-nspawn in
# a network namespace. Docker can be installed and run there.
#
# Usage: target.sh prepare RELEASE...  create what boot needs (bookworm, trixie); cheap if it exists
#        target.sh boot RELEASE        boot a new machine, and write an Ansible inventory to the file that `inventory` prints
#        target.sh inventory           print the path of the inventory
#        target.sh ssh COMMAND...      run a command there as the user deploy
#        target.sh reboot              reboot it and wait until sshd answers
#        target.sh stop                stop and remove it
#
# The machine reaches this host only: a caching apt proxy at port 3142, and at
# http://10.231.77.1:8079/linux a stand-in for Docker's apt repository (Debian 12 only).
#
# With TARGET=2, all of this is about a second machine, which uses the proxy and the repository of the first one.
#
# Needs: Debian on amd64, root, and a Debian mirror; installs the packages that are missing.
# LAB_DIRECTORY is where everything is kept (default: ~/.cache/datapipeline-lab).
set -euo pipefail
# shellcheck source=SCRIPTDIR/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

number=${TARGET:-1}
namespace=datapipeline-lab$number
link=dp-lab$number
proxy_address=10.231.77.1
host_address=10.231.77.$((4 * number - 3))
address=10.231.77.$((4 * number - 2))
images=$lab/target/images
machine=$lab/target/machine$number
key=$lab/target/id
ssh_options=(-q -i "$key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5)

prepare() { # RELEASE...
  mkdir -p "$images"
  install_missing_tools
  [ -f "$key" ] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$key"
  local release
  for release in "$@"; do
    [ -d "$images/$release" ] || { say "creating a bare Debian $release"; logged "debian-$release" create_image "$release"; }
  done
  # its key is valid for a week
  if [ -z "$(find "$lab/target/www/linux" -maxdepth 0 -mtime -5 2> /dev/null)" ]; then
    say "creating a stand-in for Docker's apt repository"
    rm -rf "$lab/target/www"
    logged docker-repository "$project/src/test/lab/docker-repository.sh" "$lab/target/www/linux"
  fi
}

install_missing_tools() {
  has_commands systemd-nspawn mmdebstrap ip ssh gpg apt-ftparchive apt-cacher-ng python3 \
    || logged target-tools install_packages systemd-container mmdebstrap iproute2 openssh-client gpg apt-utils apt-cacher-ng python3
}

create_image() { # RELEASE
  rm -rf "$images/$1.new"
  debian_source "$1" > "$images/$1.sources"
  PUBLIC_KEY=$key.pub APT_PROXY=$proxy_address:3142 mmdebstrap --mode=root --variant=minbase \
    --include=systemd,systemd-sysv,dbus,openssh-server,python3,sudo,iproute2,ca-certificates \
    --customize-hook="$project/src/test/lab/bare-machine.sh" "$1" "$images/$1.new" "$images/$1.sources"
  mv "$images/$1.new" "$images/$1"
}

boot() { # RELEASE
  prepare "$1"
  stop
  mkdir -p "$machine/proxy" "$lab/target/apt-cache"
  cp -a --reflink=auto "$images/$1" "$machine/root"
  connect
  [ "$host_address" != "$proxy_address" ] || serve_packages
  run_machine "$1" > "$machine/console.log" 2>&1 < /dev/null &
  wait_for_port "$address" 22 "$machine/console.log"
  cat > "$machine/inventory.ini" << INVENTORY
[vm]
target${number#1} ansible_host=$address ansible_user=deploy ansible_python_interpreter=/usr/bin/python3 ansible_ssh_private_key_file=$key
[vm:vars]
ansible_ssh_common_args=-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
INVENTORY
}

serve_packages() {
  cat > "$machine/proxy/acng.conf" << CONFIGURATION
BindAddress: $proxy_address
Port: 3142
CacheDir: $lab/target/apt-cache
LogDir: $machine/proxy
CONFIGURATION
  apt-cacher-ng -c "$machine/proxy" ForeGround=1 > "$machine/proxy.log" 2>&1 < /dev/null &
  echo $! > "$machine/proxy.pid"
  python3 -m http.server --bind "$proxy_address" --directory "$lab/target/www" 8079 > "$machine/www.log" 2>&1 < /dev/null &
  echo $! > "$machine/www.pid"
  wait_for_port "$proxy_address" 3142 "$machine/proxy.log"
  wait_for_port "$proxy_address" 8079 "$machine/www.log"
}

# dockerd wants a default route, though this host forwards nothing
connect() {
  ip netns add "$namespace"
  ip link add "$link" type veth peer name host0 netns "$namespace"
  ip address add "$host_address/30" dev "$link"
  ip link set "$link" up
  ip -n "$namespace" address add "$address/30" dev host0
  ip -n "$namespace" link set host0 up
  ip -n "$namespace" link set lo up
  ip -n "$namespace" route add default via "$host_address"
}

# A reboot of the machine ends systemd-nspawn with status 133.
run_machine() { # RELEASE
  local status=133
  # where this host has cgroups of version 1, so has the machine, because its limits work only there
  local unified=1
  [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || [ "$1" != bookworm ] || unified=0
  export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=$unified SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
  while [ $status = 133 ]; do
    systemd-nspawn --quiet --boot --directory="$machine/root" --machine="$namespace" --register=no --keep-unit \
      --console=pipe --link-journal=no --resolv-conf=off --timezone=off --network-namespace-path="/run/netns/$namespace" \
      --capability=all --drop-capability=CAP_SYS_MODULE --system-call-filter='@keyring bpf perf_event_open' &
    echo $! > "$machine/nspawn.pid"
    status=0
    wait $! || status=$?
  done
}

wait_for_port() { # ADDRESS PORT LOG
  local attempts=240
  until timeout 2 bash -c ": < /dev/tcp/$1/$2" 2> /dev/null; do
    [ $((attempts -= 1)) -gt 0 ] || { tail -n 30 "$3" >&2; die "nothing answers at $1:$2"; }
    sleep 0.25
  done
}

# shellcheck disable=SC2029
on_machine() { ssh "${ssh_options[@]}" "deploy@$address" "$@"; }

reboot() {
  local before attempts=300
  before=$(< "$machine/nspawn.pid")
  on_machine sudo systemctl reboot || :
  while [ "$(< "$machine/nspawn.pid")" = "$before" ]; do
    [ $((attempts -= 1)) -gt 0 ] || die 'the machine does not reboot'
    sleep 0.2
  done
  wait_for_port "$address" 22 "$machine/console.log"
}

stop() {
  local pid_file
  for pid_file in nspawn proxy www; do stop_process "$machine/$pid_file.pid"; done
  ip netns delete "$namespace" 2> /dev/null || :
  ip link delete "$link" 2> /dev/null || :
  rm -rf "$machine"
}

command=${1:-}
[ $# = 0 ] || shift
case $command in
  prepare | boot | reboot | stop) require_lab; mkdir -p "$lab"; "$command" "$@" ;;
  inventory) echo "$machine/inventory.ini" ;;
  ssh) on_machine "$@" ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
