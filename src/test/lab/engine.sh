#!/usr/bin/env bash
# A Docker engine for the tests on a machine that has none, and its base images.
#
# Usage: engine.sh start    start an engine with Compose v2 and buildx, and install it first if it is missing
#        engine.sh images   provide the base images that docker-compose.yml and liberty/Dockerfile name
#        engine.sh stop     stop the engine that start has started, and restore the network configuration
#
# An engine that already runs is used and never stopped. Images are pulled where a registry is reachable; elsewhere
# stand-ins are built from stand-ins/Dockerfile, but only on an engine that this script has started. The first build takes one or
# two minutes.
#
# To start an engine: Debian on amd64, root, and a Debian mirror. To build stand-ins: Maven Central as well.
# Containers trust the certificate authorities of this machine, so stand-ins must not be published.
# LAB_DIRECTORY is where everything is kept (default: ~/.cache/datapipeline-lab).
set -euo pipefail
# shellcheck source=SCRIPTDIR/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

pid_file=$lab/dockerd.pid
# Debian 12 has neither Compose v2 nor buildx; the engine's packages of Debian 13 run there
release=trixie

engine_answers() { docker info > /dev/null 2>&1; }

start() {
  if ! engine_answers; then
    require_lab
    if ! engine_is_installed; then
      say "installing Docker from Debian $release"
      logged engine-install install_engine
    fi
    start_dockerd
  fi
  say "engine $(docker version --format '{{.Server.Version}}'), $(docker compose version)"
}

engine_is_installed() {
  has_commands dockerd docker && docker compose version > /dev/null 2>&1 && docker buildx version > /dev/null 2>&1
}

# Only this command knows the packages of the other release: the machine's apt configuration is unchanged.
install_engine() {
  local sources=$lab/engine-sources own_release
  own_release=$(debian_release)
  rm -rf "$sources" && mkdir -p "$sources" "$lab/engine-lists/partial"
  debian_source "$own_release" "$own_release-updates" > "$sources/own.sources"
  debian_source "$release" > "$sources/engine.sources"
  local options=(-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$sources" -o Dir::State::Lists="$lab/engine-lists"
    -o APT::Default-Release="$own_release")
  apt-get -qq "${options[@]}" update
  install_packages "${options[@]}" iptables {docker.io,docker-cli,containerd,docker-compose,docker-buildx}/"$release"
}

start_dockerd() {
  say 'starting dockerd'
  iptables-save > "$lab/iptables.before" 2> /dev/null || :
  cp /proc/sys/net/ipv4/ip_forward "$lab/ip_forward.before"
  setsid dockerd --data-root "$lab/docker" --exec-root "$lab/docker-run" --pidfile "$pid_file" \
    > "$lab/log/dockerd.log" 2>&1 < /dev/null &
  local attempts=150
  until engine_answers; do
    [ $((attempts -= 1)) -gt 0 ] || { tail -n 20 "$lab/log/dockerd.log" >&2; die 'dockerd does not answer'; }
    sleep 0.2
  done
}

compose_image() { # REPOSITORY: its image with the tag that docker-compose.yml names
  docker compose --file "$project/docker-compose.yml" --profile observability config --images | grep "^$1:"
}
dockerfile_image() { # REPOSITORY: its image with the tag that liberty/Dockerfile names
  sed -n "s/^FROM \($1:[^ ]*\).*/\1/p" "$project/liberty/Dockerfile"
}

images() {
  MAVEN_IMAGE=$(dockerfile_image maven)
  JRE_IMAGE=$(dockerfile_image eclipse-temurin)
  KAFKA_IMAGE=$(compose_image apache/kafka)
  POSTGRES_IMAGE=$(compose_image postgres)
  PROMETHEUS_IMAGE=$(compose_image prom/prometheus)
  ALERTMANAGER_IMAGE=$(compose_image prom/alertmanager)
  local image
  for image in "$JRE_IMAGE" "$MAVEN_IMAGE" "$KAFKA_IMAGE" "$POSTGRES_IMAGE" "$PROMETHEUS_IMAGE" \
    "$ALERTMANAGER_IMAGE"; do
    provided "$image" || { build_stand_ins "$image"; return; }
  done
}

# The image itself, not a stand-in, is present or can be pulled.
provided() { # IMAGE
  local stand_in
  if stand_in=$(docker image inspect --format '{{index .Config.Labels "dev.datapipeline.stand-in"}}' "$1" 2> /dev/null); then
    [ -z "$stand_in" ]
  else
    timeout 600 docker pull --quiet "$1" 2> "$lab/log/pull.log"
  fi
}

build_stand_ins() { # IMAGE that cannot be had
  is_running "$pid_file" || die "cannot pull $1 ($(tail -n 1 "$lab/log/pull.log")). Pull it, or stop this engine: \
then the tests start one with local stand-ins."
  local debian_image
  # the tag changes with the scripts that create the image
  debian_image=datapipeline-lab/debian:$(cat "$project"/src/test/lab/{debian-image,trust-this-machine}.sh | cksum | cut -d ' ' -f 1)
  if ! docker image inspect "$debian_image" > /dev/null 2>&1; then
    say 'importing Debian as a base image'
    logged debian-image "$project/src/test/lab/debian-image.sh" "$debian_image"
  fi
  say 'building stand-ins for the base images'
  local KAFKA_VERSION POSTGRES_VERSION
  KAFKA_VERSION=$(pom_property kafka.version)
  POSTGRES_VERSION=$(pom_property postgresql.server.version)
  export KAFKA_VERSION POSTGRES_VERSION POSTGRES_MAJOR=${POSTGRES_VERSION%%.*} DEBIAN_IMAGE=$debian_image
  export MAVEN_IMAGE JRE_IMAGE KAFKA_IMAGE POSTGRES_IMAGE PROMETHEUS_IMAGE ALERTMANAGER_IMAGE
  cd "$project/src/test/lab/stand-ins"
  logged stand-ins docker buildx bake --progress plain
}

stop() {
  is_running "$pid_file" || return 0
  stop_process "$pid_file"
  # dockerd leaves this mount behind
  umount "$lab/docker-run/netns/default" 2> /dev/null || :
  local link table chain
  for link in $(ip -o link show type bridge | sed -n 's/^[0-9]*: \(docker0\|br-[0-9a-f]*\):.*/\1/p'); do ip link delete "$link"; done
  cat "$lab/ip_forward.before" > /proc/sys/net/ipv4/ip_forward
  for table in nat filter; do
    if grep -qx "\*$table" "$lab/iptables.before"; then continue; fi
    # the table was Docker's alone
    iptables -t $table -F && iptables -t $table -X
    for chain in $(iptables -t $table -S | sed -n 's/^-P \([A-Z]*\) DROP/\1/p'); do iptables -t $table -P "$chain" ACCEPT; done
  done
  iptables-restore < "$lab/iptables.before"
  say 'the engine is stopped'
}

case ${1:-} in
  start | images | stop) mkdir -p "$lab/log"; "$1" ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
