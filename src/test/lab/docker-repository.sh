#!/usr/bin/env bash
# Creates a stand-in for Docker's apt repository with packages for Debian 12: the same layout, package names and signed
# index, signed with a new key. The files in the packages are Debian's: Docker 20.10 of Debian 12, and Compose of Debian 13,
# because Debian 12 has no Compose v2.
#
# Usage: docker-repository.sh DIRECTORY    becomes what https://download.docker.com/linux is
# Needs: apt-ftparchive (apt-utils), gpg, and a Debian mirror.
set -euo pipefail
# shellcheck source=SCRIPTDIR/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
case ${1:-} in
  -h | --help) usage; exit ;;
  /*) repository=$1/debian ;;
  *) usage >&2; exit 2 ;;
esac
release=bookworm

work=$(mktemp -d)
export GNUPGHOME=$work/gnupg
trap 'gpgconf --kill all 2> /dev/null; rm -rf "$work"' EXIT

download() { # PACKAGE/RELEASE...
  mkdir -p "$work"/{sources,lists/partial,cache/archives/partial,debs}
  debian_source "$release" trixie > "$work/sources/debian.sources"
  local options=(-qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" -o Dir::State::Lists="$work/lists"
    -o Dir::State::Status=/dev/null -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update
  (cd "$work/debs" && apt-get "${options[@]}" download "$@")
}

# Maintainer scripts are taken from docker.io only: they create the group docker.
package() { # NAME DEPENDENCIES [PACKAGE of Debian...]: contains the files of Debian's packages
  local name=$1 dependencies=$2 tree=$work/$1 version=1 original script
  shift 2
  mkdir -p "$tree/DEBIAN"
  for original in "$@"; do
    dpkg-deb --extract "$work"/debs/"$original"_*.deb "$tree"
    [ "$version" != 1 ] || version=$(dpkg-deb --field "$work"/debs/"$original"_*.deb Version | sed 's/^[0-9]*://; s/[-+~].*//')
  done
  if [ "${1:-}" = docker.io ]; then
    dpkg-deb --control "$work"/debs/docker.io_*.deb "$work/control"
    for script in preinst postinst prerm postrm conffiles; do
      [ ! -e "$work/control/$script" ] || cp "$work/control/$script" "$tree/DEBIAN/"
    done
  fi
  rm -rf "$tree"/usr/share/{doc,man,lintian,bash-completion}
  cat > "$tree/DEBIAN/control" << CONTROL
Package: $name
Version: 5:$version-1~stand-in
Architecture: amd64
Maintainer: the datapipeline maintainers <nobody@example.invalid>
Depends: $dependencies
Conflicts: containerd, docker-buildx, docker-cli, docker-compose, docker.io, runc
Description: stand-in for tests
CONTROL
  dpkg-deb -Znone --root-owner-group --build "$tree" "$repository/pool/$release" > /dev/null
}

rm -rf "$repository" && mkdir -p "$repository/pool/$release" "$repository/dists/$release/stable/binary-amd64"
download {containerd,docker.io,runc,tini}/"$release" docker-compose/trixie
package containerd.io 'libc6, libseccomp2' containerd runc tini
package docker-ce 'adduser, containerd.io, iptables, libsystemd0, sysvinit-utils' docker.io
# Debian's docker.io has the client as well; buildx is not needed on a machine that builds nothing
package docker-ce-cli docker-ce
package docker-buildx-plugin docker-ce-cli
package docker-compose-plugin docker-ce-cli docker-compose

mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key 'stand-in for tests' ed25519 sign 7d 2> "$work/gpg.log"
gpg --armor --export > "$repository/gpg"
cd "$repository"
apt-ftparchive packages "pool/$release" > "dists/$release/stable/binary-amd64/Packages"
apt-ftparchive -o APT::FTPArchive::Release::Codename="$release" -o APT::FTPArchive::Release::Suite="$release" \
  -o APT::FTPArchive::Release::Components=stable -o APT::FTPArchive::Release::Architectures=amd64 \
  release "dists/$release" > "$work/Release"
gpg --batch --quiet --clearsign --output "dists/$release/InRelease" "$work/Release"
