# shellcheck shell=bash
# Sourced by the tests of `mvn`, the release, the containers and the deployment: numbered checks with their duration, a copy
# of the project, a Docker engine, and the commands of the documentation.
#
# A script may define diagnose (prints details after a failed check) and cleanup (runs at the end, whatever happens).
# Environment: TOOLS_REQUIRED=true (or CI=true) makes a test fail that would be skipped because this machine lacks something.

# shellcheck source=SCRIPTDIR/../lab/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/lab.sh"

work=$(mktemp -d)
copy=$work/datapipeline
log=$work/log
stop_engine_at_end=false
passed=0 failed=0 skipped=0 number=0 interrupted=false

check() { # NAME COMMAND...
  local name=$1 begin=$SECONDS
  shift
  number=$((number + 1))
  if (cd "$copy" 2> /dev/null || cd "$work" || exit; "$@") > "$log" 2>&1; then
    passed=$((passed + 1))
    printf 'ok %d - %s (%d s)\n' "$number" "$name" $((SECONDS - begin))
  else
    failed=$((failed + 1))
    printf 'not ok %d - %s (%d s)\n' "$number" "$name" $((SECONDS - begin))
    tail -n 40 "$log" | cut -c 1-2000 | sed 's/^/# /'
    [ ! -d "$copy" ] || (cd "$copy" && diagnose) 2>&1 | cut -c 1-2000 | sed 's/^/#   /'
    return 1
  fi
}

skip() { # NAME REASON
  number=$((number + 1)) skipped=$((skipped + 1))
  printf 'ok %d - %s # SKIP %s\n' "$number" "$1" "$2"
}

tools_required() { [ "${TOOLS_REQUIRED:-${CI:-false}}" = true ]; }

# A check that cannot run because a program is missing
skip_without_tool() { # NAME PROGRAM
  if tools_required; then
    check "$1" eval "echo '$2 is not installed, but TOOLS_REQUIRED=true'; false"
  else
    skip "$1" "$2 is not installed"
  fi
}

# Ends the whole test with one line.
skip_everything() { # WHAT REASON
  if tools_required; then
    echo "FAILED: $1 cannot run: $2. (It is not skipped because TOOLS_REQUIRED=true.)"
    leave 1
  fi
  echo "SKIPPED: $1 did not run: $2."
  leave 0
}

# Ends the script before its first check.
leave() { # STATUS
  trap - EXIT INT TERM
  rm -rf "$work"
  exit "$1"
}

diagnose() { :; }
cleanup() { :; }

finish() {
  trap - EXIT INT TERM
  cleanup
  stop_engine
  rm -rf "$work"
  printf '%d passed, %d failed, %d skipped in %d s\n' "$passed" "$failed" "$skipped" "$SECONDS"
  ! $interrupted || exit 130
  # in a trap, a bare exit would repeat the status from before it
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ] || exit 1
  exit 0
}
trap finish EXIT
trap 'interrupted=true; exit' INT TERM

# The last check was essential: without it no other one makes sense.
give_up() { exit 1; }

engine_answers() { docker info > /dev/null 2>&1; }

# Prints why there is no engine and none can be started, or nothing.
engine_obstacle() { engine_answers || lab_obstacle; }

# Starts an engine if none runs, and provides the base images.
engine() {
  bash "$project/src/test/lab/engine.sh" start && bash "$project/src/test/lab/engine.sh" images
}
engine_answers || stop_engine_at_end=true

stop_engine() {
  ! $stop_engine_at_end || bash "$project/src/test/lab/engine.sh" stop > "$log" 2>&1 || cat "$log"
  # from now on, an engine that runs belongs to somebody else
  stop_engine_at_end=false
}

# Copies the project as a clone would have it, plus what is not committed yet.
copy_project() {
  mkdir -p "$copy"
  git -C "$project" ls-files -z --cached --others --exclude-standard \
    | (cd "$project" && while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done) \
    | tar -C "$project" --null -T - -c | tar -C "$copy" -x
}

wait_until() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "timed out waiting for: $*"
      return 1
    fi
    sleep 0.3
  done
}

fails() { ! "$@"; }

# Scripts define sql, which prints the result of a query.
rows() { sql 'SELECT count(*) FROM raw_events'; }
has_more_rows_than() { # NUMBER
  local now
  now=$(rows 2> /dev/null) && [ "$now" -gt "$1" ]
}

# Prints the commands below a marker in a document, as written.
documented_commands() { # NAME DOCUMENT...
  local text marker="<!-- test: $1 -->"
  shift
  text=$(awk -v marker="$marker" '$0 == marker {found = 1; next}
    found && /^```/ {if (inside) exit; inside = 1; next} inside' "$@")
  [ -n "$text" ] || { echo "no commands are marked '$marker'" >&2; return 1; }
  printf '%s\n' "$text"
}

# Prints the output that a document shows right below the commands of a marker, or nothing.
shown_output() { # NAME DOCUMENT...
  local marker="<!-- test: $1 -->"
  shift
  awk -v marker="$marker" '$0 == marker {state = 1; next}
    state == 1 && /^```sh/ {state = 2; next}
    state == 2 && /^```/ {state = 3; next}
    state == 3 && NF && !/^```text/ {exit}
    state == 3 && /^```text/ {state = 4; next}
    state == 4 && /^```/ {exit}
    state == 4' "$@"
}

names_of() { grep -oE '"[A-Za-z]+":' | sort -u; }

# Whether an output is what a document shows. Of JSON, the names must be the same; those of a list that is empty now are not
# there. Of other text, each line must be there; numbers may differ, and … stands for anything.
looks_as_shown() { # OUTPUT SHOWN
  local line pattern
  if [[ $2 == '{'* ]]; then
    local unknown
    unknown=$(comm -23 <(names_of <<< "$1") <(names_of <<< "$2"))
    [[ $1 == *'[]'* ]] || unknown+=$(comm -13 <(names_of <<< "$1") <(names_of <<< "$2"))
    [ -z "$unknown" ] || { echo "shown or printed only: $unknown"; return 1; }
    return
  fi
  while IFS= read -r line; do
    pattern=$(plain <<< "$line" | sed -E 's/[-0-9a-f]*…/…/g; s/[][\\.^$*+?(){}|]/\\&/g; s/-?[0-9]+(\\\.[0-9]+)?/-?[0-9]+(\\.[0-9]+)?/g; s/…/.*/g')
    plain <<< "$1" | grep -qxE -- "$pattern" || { echo "shown, but not printed: $line"; return 1; }
  done <<< "$2"
}
# Without what depends on the width of columns
plain() { sed -E 's/-{2,}/--/g; s/ +/ /g; s/ $//'; }

# --- a full disk of the database

# Compose's override file that gives the database a small file system, into which random_events doesn't fit
small_disk_of_the_database() {
  cat << 'YAML'
services: {postgres: {volumes: ["small:/var/lib/postgresql"]}}
volumes: {small: {driver_opts: {type: tmpfs, device: tmpfs, o: size=420m}}}
YAML
}
random_events() { head -c 90000000 /dev/urandom | base64 -w 1000 | sed 's/.*/"&"/'; }

# After the runbook has deleted rows
only_deleted_rows_are_missing() {
  [ "$(sql 'SELECT sum(duplicates), sum(unexplained), sum(beyond), sum(lost) FROM offset_audit')" = '0|20000|0|0' ]
}
