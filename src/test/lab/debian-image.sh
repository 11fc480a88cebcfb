#!/usr/bin/env bash
# Imports a minimal Debian 13 as a Docker image: the base of the stand-ins, with the packages that more than one of them needs.
# Usage: debian-image.sh IMAGE
set -euo pipefail
# shellcheck source=SCRIPTDIR/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
release=trixie

has_commands mmdebstrap || install_packages mmdebstrap
debian_source "$release" > "$lab/debian.sources"
# JREs link manual pages in a directory that is excluded here, so it must exist
# shellcheck disable=SC2016
mmdebstrap --mode=root --variant=minbase \
  --include=busybox,ca-certificates,curl,openjdk-21-jre-headless,postgresql-client,procps,unzip,xz-utils \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --essential-hook='mkdir -p "$1/usr/share/man/man1"' --customize-hook="$project/src/test/lab/trust-this-machine.sh" \
  "$release" "$lab/debian.tar" "$lab/debian.sources"
docker import --change 'CMD ["bash"]' --change 'ENV LANG=C.UTF-8' \
  --change 'ENV JAVA_HOME=/usr/lib/jvm/java-21-openjdk-amd64' \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$lab/debian.tar" "$1"
rm "$lab/debian.tar"
