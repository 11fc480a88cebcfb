# shellcheck shell=bash
# Sourced by the scripts of this directory and by .ci/run: the lab's directory, Debian packages, versions from pom.xml.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# Everything that the lab downloads or builds. Deleting the directory frees the space; the next run starts from scratch.
lab=${LAB_DIRECTORY:-${XDG_CACHE_HOME:-$HOME/.cache}/datapipeline-lab}

say() { printf '%s %s\n' "$(date +%T)" "$*"; }

die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Prints the comment at the top of the script.
usage() { awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$0"; }

# Runs a command and prints the end of its output only if it fails.
logged() { # NAME COMMAND...
  local file=$lab/log/$1.log
  mkdir -p "$lab/log"
  shift
  # in the background, because errexit has no effect inside a function that is called left of ||
  "$@" > "$file" 2>&1 &
  wait $! || { tail -n 30 "$file" >&2; die "failed: $* (complete log: $file)"; }
}

has_commands() { # COMMAND...
  local name
  for name in "$@"; do command -v "$name" > /dev/null || return 1; done
}

# Prints why the lab cannot run here, or nothing if it can.
lab_obstacle() {
  if [ "$(id -u)" != 0 ]; then
    echo 'this user is not root'
  elif ! grep -qx 'ID=debian' /etc/os-release || [ "$(dpkg --print-architecture)" != amd64 ]; then
    echo 'this is not Debian on amd64'
  fi
}

require_lab() {
  local obstacle
  obstacle=$(lab_obstacle)
  [ -z "$obstacle" ] || die "needs Debian on amd64 and root, but $obstacle"
}

# Parallel steps install packages one after another, and no package starts its service.
install_packages() ( # ARGUMENT of apt-get install...
  mkdir -p "$lab" && exec 9> "$lab/apt.lock" && flock 9 || exit
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod +x "$policy" || exit
  fi
  # the index is updated at most once an hour
  if [ -z "$(find "$lab/apt.updated" -mmin -60 2> /dev/null)" ]; then
    apt-get update -qq && touch "$lab/apt.updated" || exit
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
)

# The mirror from which this machine installs its own packages
debian_mirror() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(REPO_URI)' \
    | awk -v release="$(debian_release)" '$1 == "Packages" && $2 == release {print $3; exit}'
}
debian_release() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

debian_source() { # RELEASE...: a stanza for sources.list.d
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
    "$(debian_mirror)" "$*"
}

pom_property() { # NAME
  local value
  value=$(sed -n "s|^ *<$1>\([^<]*\)</$1>\$|\1|p" "$project/pom.xml" | head -n 1)
  [ -n "$value" ] || die "pom.xml has no property $1"
  echo "$value"
}

is_running() { # PID-FILE
  [ -s "$1" ] && kill -0 "$(< "$1")" 2> /dev/null
}

stop_process() { # PID-FILE: ends the process, by force after 30 seconds
  is_running "$1" || { rm -f "$1"; return 0; }
  local pid attempts=300
  pid=$(< "$1")
  kill "$pid" || :
  while kill -0 "$pid" 2> /dev/null && [ $((attempts -= 1)) -gt 0 ]; do sleep 0.1; done
  kill -KILL "$pid" 2> /dev/null || :
  rm -f "$1"
}
