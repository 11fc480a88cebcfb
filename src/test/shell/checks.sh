# Sourced by the tests of the containers and of the deployment: the project's copy, the engine, and a line for each check.
# The script sets root (the project) and may define diagnose (what to print after a failed check) and cleanup.
work=$(mktemp -d)
copy=$work/datapipeline
log=$work/log
started_engine=false
passed=0 failed=0 skipped=0 number=0

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

diagnose() { :; }
cleanup() { :; }

finish() {
  trap - EXIT INT TERM
  cleanup
  stop_engine
  rm -rf "$work"
  printf '%d passed, %d failed' "$passed" "$failed"
  [ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
  echo
  # in a trap, a bare exit would repeat the status from before it
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ] || exit 1
  exit 0
}
trap finish EXIT
trap 'exit 130' INT TERM

# The machine's engine; where there is none, the one of ../shared/labs/compose/lab
docker info > /dev/null 2>&1 || started_engine=true
engine() {
  if $started_engine; then
    copy_lab compose || { echo "There is no Docker engine here."; return 1; }
    bash "$work/compose/lab" all || return 1
    # a run that was killed could not remove its containers, which come up again with the engine
    docker ps --all --quiet --filter name='^datapipeline-test-' | xargs -r docker rm --force || return 1
  fi
  docker compose version && docker info --format '{{.ServerVersion}}'
}

stop_engine() {
  if $started_engine && [ -f "$work/compose/lab" ]; then
    bash "$work/compose/lab" stop > "$work/compose.log" 2>&1 || tail -5 "$work/compose.log"
    # one that runs later is somebody else's
    started_engine=false
  fi
}

# A lab is copied because it changes files of its own, which may be read-only where it is
copy_lab() { # compose or vm
  [ -f "$root/../shared/labs/$1/lab" ] || return 1
  cp -r "$root/../shared/labs/$1" "$work/" && chmod -R u+w "$work/$1"
}

# The project as a clone would be, with what is not committed yet
copy_project() {
  mkdir -p "$copy"
  git -C "$root" ls-files -z --cached --others --exclude-standard \
    | (cd "$root" && while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done) \
    | tar -C "$root" --null -T - -c | tar -C "$copy" -x
}

wait_until() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "still not after the time allowed: $*"
      return 1
    fi
    sleep 0.3
  done
}

fails() { ! "$@"; }

# The commands below a marker in a document, as written
block() { # NAME DOCUMENT...
  local text marker="<!-- test: $1 -->"
  shift
  text=$(awk -v marker="$marker" '$0 == marker {found = 1; next}
    found && /^```/ {if (inside) exit; inside = 1; next} inside' "$@")
  [ -n "$text" ] || { echo "there are no commands marked '$marker'" >&2; return 1; }
  printf '%s\n' "$text"
}
