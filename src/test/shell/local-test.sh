#!/usr/bin/env bash
# Tests `mvn` and the commands of README.md and docs/ that work with what it starts, in a copy of the project, as a user
# would type them. Prints one line for each check, and at the end the documented commands that no test runs, with the reason.
#
# Usage: local-test.sh [--help]
# Environment: TOOLS_REQUIRED=true   fail instead of skipping when something is missing
#
# Needs what `mvn` needs, and psql, curl and perl. Ports 15432, 19092, 9080, 15433, 19093 and 9081 must be free.
set -uo pipefail

# shellcheck source=SCRIPTDIR/checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

case ${1:-} in
  '') ;;
  -h | --help) usage; leave 0 ;;
  *) usage >&2; leave 2 ;;
esac

documents=(README.md docs/local.md docs/api.md docs/CONTRIBUTING.md)
while IFS= read -r lesson; do documents+=("docs/lessons/${lesson##*/}"); done < <(find "$project/docs/lessons" -name '[1-9]*.md')
mvn_pid=

diagnose() { tail -n 20 "$work/mvn.log" target/backends/postgres/server.log; }
cleanup() { [ -z "$mvn_pid" ] || stop_mvn > /dev/null; }

sql() { target/backends/bin/psql -AtXq -v ON_ERROR_STOP=1 -c "$1"; }

# Starts the command below a marker as a process group of its own, with a standard input that stays open.
start_mvn() { # NAME
  local text
  text=$(cd "$copy" && documented_commands "$1" "${documents[@]}") || return 1
  mkfifo "$work/stdin" 2> /dev/null
  # Ctrl-C reaches only processes that don't ignore it, as background commands of a script do
  (cd "$copy" && exec perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV' bash -c "$text") < "$work/stdin" > "$work/mvn.log" 2>&1 &
  mvn_pid=$!
  exec 9> "$work/stdin"
}

the_banner_is_printed() {
  wait_until 300 grep -q 'The pipeline is running' "$work/mvn.log" || return 1
  # the reader must find it without scrolling
  [ "$(grep -n 'The pipeline is running' "$work/mvn.log" | cut -d: -f1)" -le 120 ] \
    || { wc -l "$work/mvn.log"; echo 'the next steps come too late'; return 1; }
}

# As Ctrl-C does
stop_mvn() {
  kill -INT -- "-$mvn_pid"
  wait_until 60 fails kill -0 -- "-$mvn_pid" 2> /dev/null || { kill -KILL -- "-$mvn_pid"; return 1; }
  exec 9>&-
  mvn_pid=
}

nothing_is_left() { wait_until 60 no_process_is_left || { pgrep -af "$copy" | cut -c 1-200; return 1; }; }
no_process_is_left() { ! pgrep -f "$copy" > /dev/null; }

# Runs the commands below a marker, after those that set $OPERATOR.
documented() { # NAME
  local text operator
  operator=$(documented_commands 'mvn: operator' "${documents[@]}") && text=$(documented_commands "$1" "${documents[@]}") || return 1
  echo "$text"
  bash -euo pipefail -c "$operator
$text" < /dev/null
}
prints() { # NAME PATTERN...: within a minute
  wait_until 60 prints_now "$@"
}
prints_now() {
  local out pattern shown commands
  commands=$(documented_commands "$1" "${documents[@]}") && shown=$(shown_output "$1" "${documents[@]}") || return 1
  out=$(documented "$1" 2>&1) || { echo "$out"; return 1; }
  echo "$out"
  shift
  for pattern in "$@"; do grep -Eq -- "$pattern" <<< "$out" || { echo "no line matches: $pattern"; return 1; }; done
  [ -z "$shown" ] || looks_as_shown "${out#"$commands"}" "$shown"
}
# For a command that only Ctrl-C ends
prints_at_once() { # NAME PATTERN
  local text out
  text=$(documented_commands "$1" "${documents[@]}") || return 1
  out=$(timeout 10 bash -c "$text" < /dev/null)
  echo "$out" | head -n 20
  grep -q -- "$2" <<< "$out"
}

becomes_ready() { wait_until 90 curl -sf -o /dev/null localhost:9080/health/ready; }
hangs_and_comes_back() { prints_now "$1" '"status":"DOWN"' && becomes_ready; }
nothing_is_missing() {
  prints 'mvn: verify' sensor_data || return 1
  [ "$(sql 'SELECT count(*) FROM offset_audit WHERE duplicates + unexplained + beyond + lost > 0')" = 0 ]
}
# Each panel's query as Grafana would send it
dashboard_has_data() { # FILE
  local query status=0
  while IFS= read -r -d '' query; do
    echo "$query"
    target/backends/bin/psql -X -v ON_ERROR_STOP=1 -c "$query" | tee "$work/panel" && grep -qE '\([1-9][0-9]* rows?\)' "$work/panel" || status=1
  done < <(python3 - "$1" << 'PYTHON'
import json, re, sys
for panel in json.load(open(sys.argv[1]))["panels"]:
    for target in panel["targets"]:
        sql = re.sub(r"\$__timeFilter\((\S+)\)", r"\1 > now() - interval '15 minutes'", target["rawSql"])
        sql = re.sub(r"\$__timeGroup\((\S+), '(\w+)'\)", r"date_bin('\2', \1, 'epoch')", sql)
        print(sql.replace("$kind", "SELECT kind FROM lesson.sensor"), end="\0")
PYTHON
  )
  return $status
}

ports_are_free() {
  local port
  for port in 15432 19092 9080 15433 19093 9081; do
    ! (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null || { echo "port $port is in use"; return 1; }
  done
}

for tool in psql curl perl python3; do
  has_commands $tool || skip_everything 'the test of mvn' "$tool is not installed"
done
copy_project

check 'the ports are free' ports_are_free || give_up
start_mvn 'mvn: start'
check 'mvn starts everything, and prints the next steps' the_banner_is_printed || give_up
check 'README: the query shows rows' prints 'mvn: rows' '"sensor":'
check 'produce' documented 'mvn: produce'
check 'the record is a row' prints 'mvn: select' '"world"'
check 'consume' prints 'mvn: consume' '"sensor"' 'Processed a total of 5 messages'
check 'show what the group has read' prints 'mvn: group' 'sensor_data +0'
check 'produce invalid JSON' documented 'mvn: produce invalid JSON'
check 'it is a dead letter with its reason' prints 'mvn: dead letters' 'not json.*invalid input syntax for type json.*22P02'
check 'post an event' prints 'mvn: post' '"accepted":1'
check 'get events and statistics' prints 'mvn: get' '"sensor"' '"stored":'
check 'health' prints 'mvn: health' '"status":"UP"'
check 'api: send' prints 'mvn: send' '"accepted":1'
check 'api: query' prints 'mvn: query' '"payload"'
check 'api: origin' prints 'mvn: origin' '"nextOffset":'
check 'api: export' documented 'mvn: export'
check 'api: the export has the rows' grep -q '"sensor"' "$copy/events.ndjson"
check 'api: send compressed' prints 'mvn: send compressed' '"accepted":[1-9]'
check 'api: statistics' prints 'mvn: statistics' '"lag"'
check 'api: losses' prints 'mvn: losses' '\[\]'
check 'api: history' prints 'mvn: history' '"stepMillis":240000'
check 'api: live' prints_at_once 'mvn: live' '^data:'
check 'api: replay' prints 'mvn: replay' 'not json'
check 'api: correct' prints_now 'mvn: correct' '"id":1,"sent":true'
check 'api: control' prints_now 'mvn: control' '"paused":true' '"interval":"PT0.1S"'
check 'api: what operators did' prints 'mvn: actions' '"operator":"operator","address":"127.0.0.1","action":"POST /api/pipeline/consumer/resume","status":200'
check 'look' prints 'mvn: look' '"UP"' '"stored":'
check 'look into the database' prints 'mvn: look into the database' sensor_data 22P02
check 'look into the topic' prints 'mvn: look into the topic' 'Processed a total of 1 messages'
check 'the broker hangs' hangs_and_comes_back 'mvn: hang the broker'
check 'a table is missing' hangs_and_comes_back 'mvn: take the table away'
check 'nothing is missing or duplicated' nothing_is_missing
check 'lesson 1: send' documented 'lesson 1: send'
check 'lesson 1: the record has a partition and an offset' prints 'lesson 1: topic' 'Partition:[0-9].*Offset:[0-9].*door-7.*lesson-1'
check 'lesson 1: the row has them, too' prints 'lesson 1: row' 'sensor_data.*"lesson-1"'
check 'lesson 1: position' prints 'lesson 1: position' sensor_data
check 'lesson 1: over HTTP' prints 'lesson 1: http' '"lesson-1"'
check 'lesson 2: the table is away' hangs_and_comes_back 'lesson 2: table'
check 'lesson 2: the broker hangs' documented 'lesson 2: broker'
check 'lesson 2: sessions end' prints_now 'lesson 2: sessions' '^ +[1-9]'
check 'lesson 2: the application recovers' becomes_ready
check 'lesson 2: proof' prints 'lesson 2: proof' '\([45] rows\)'
check 'lesson 2: the proof can fail' prints_now 'lesson 2: doubt' '^ +[0-9] \| +1$' ROLLBACK
check 'lesson 3: send' documented 'lesson 3: send'
check 'lesson 3: the good ones are rows' prints 'lesson 3: rows' '"n":1' '"n":2'
check 'lesson 3: the bad one is a dead letter' prints 'lesson 3: letter' 'not JSON.*invalid input syntax'
check 'lesson 3: replay' prints 'lesson 3: replay' '"corrected"'
check 'lesson 4: pause' documented 'lesson 4: pause'
check 'lesson 4: send' documented 'lesson 4: send'
check 'lesson 4: lag' prints 'lesson 4: lag' '"lag":1[0-9]{5}' '"status":"DOWN"'
check 'lesson 4: resume' prints 'lesson 4: resume' '100000 of 100000'
check 'lesson 6: view' prints 'lesson 6: view' '\(5 rows\)'
check 'lesson 6: star schema' documented 'lesson 6: star'
check 'lesson 6: load' prints_now 'lesson 6: load' 'INSERT 0 [1-9]'
check 'lesson 6: ask' prints 'lesson 6: ask' 'temperature'
check 'lesson 6: the panels of the dashboard have data' dashboard_has_data docs/lessons/sensors-dashboard.json
check 'lesson 6: contract' prints_now 'lesson 6: contract' 9999999
check 'still nothing is missing or duplicated' nothing_is_missing
before=$(cd "$copy" && rows)
check 'Ctrl-C stops everything' stop_mvn
check 'nothing is left running' nothing_is_left
start_mvn 'mvn: other ports'
check 'mvn starts again, on other ports' the_banner_is_printed && {
  check 'the data are still there, and more arrives' wait_until 60 has_more_rows_than "$before"
  check 'still nothing is missing or duplicated' nothing_is_missing
  kill -TERM -- "-$mvn_pid"
  check 'SIGTERM leaves nothing behind, either' nothing_is_left
}

echo '# Documented commands that no test runs:'
grep '^<!-- not run: ' "$project"/README.md "$project"/docs/*.md | sed -n "s|^$project/\(.*\)-\?<!-- not run: \(.*\) -->|#   \1 \2|p"
