#!/usr/bin/env bash
# Hook of mmdebstrap: turns a root file system into the machine that target.sh boots.
# Usage: bare-machine.sh ROOT, with PUBLIC_KEY (a file) and APT_PROXY (host:port) in the environment
set -euo pipefail
root=$1

echo target > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 target\n' > "$root/etc/hosts"
: > "$root/etc/machine-id"
: > "$root/etc/resolv.conf"

chroot "$root" useradd --create-home --shell /bin/bash deploy
chroot "$root" install -d -m 700 -o deploy -g deploy /home/deploy/.ssh
install -m 600 "$PUBLIC_KEY" "$root/home/deploy/.ssh/authorized_keys"
chroot "$root" chown deploy: /home/deploy/.ssh/authorized_keys
echo 'deploy ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/deploy"
chmod 440 "$root/etc/sudoers.d/deploy"

# the proxy is the only way out; the stand-in for Docker's repository is on the same host
cat > "$root/etc/apt/apt.conf.d/90proxy" << APT
Acquire::http::Proxy "http://$APT_PROXY";
Acquire::http::Proxy::${APT_PROXY%:*} "DIRECT";
APT

# systemd-nspawn mounts the controllers of version 1 read-only, and dockerd needs to write to them
cat > "$root/etc/systemd/system/writable-cgroups.service" << 'UNIT'
[Unit]
Description=Make the cgroup controllers of version 1 writable
DefaultDependencies=no
Before=sysinit.target
ConditionPathIsMountPoint=/sys/fs/cgroup/memory

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for c in /sys/fs/cgroup/*; do ! mountpoint -q "$c" || mount -o remount,bind,rw "$c" || exit; done'

[Install]
WantedBy=sysinit.target
UNIT
chroot "$root" systemctl --quiet enable writable-cgroups.service
