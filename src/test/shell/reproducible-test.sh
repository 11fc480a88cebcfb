#!/usr/bin/env bash
# Builds the WAR twice from two copies of the sources and compares the bytes, and checks the list of its libraries.
#
# Usage: src/test/shell/reproducible-test.sh [--help]
set -uo pipefail

# shellcheck source=SCRIPTDIR/checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

case ${1:-} in
  '') ;;
  -h | --help) usage; leave 0 ;;
  *) usage >&2; leave 2 ;;
esac

# Nothing of a run may get into the other: another directory, another time, another order of the files
build() { # DIRECTORY
  mkdir "$1" && cp -r pom.xml sql src liberty "$1" && (cd "$1" && mvn -B -ntp -q -DskipTests -Dspotless.check.skip package)
}
is_reproducible() {
  build "$work/one" && build "$work/the-other" && cmp "$work/one/target/datapipeline.war" "$work/the-other/target/datapipeline.war"
}
lists_every_library() {
  local library status=0
  for library in $(jar tf "$work/one/target/datapipeline.war" | sed -n 's,^WEB-INF/lib/\(.*\)\.jar$,\1,p' | sed 's/-[0-9].*//'); do
    grep -q "\"name\" : \"$library\"" "$work/one/target/datapipeline-sbom.json" || { echo "the list lacks $library"; status=1; }
  done
  return $status
}
copy_project
check 'the WAR is reproducible' is_reproducible
check 'the list of libraries has every one in the WAR' lists_every_library
