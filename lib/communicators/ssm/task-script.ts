/*
 * What the machine runs of a task: a command that is started once, however often it was asked for, goes on by itself, and
 * is followed by short commands of Run Command. POSIX sh, for dash and busybox. Everything lies in a folder in memory that
 * is named by the task; what was read of the output is removed.
 *
 * Run Command keeps the texts of commands, and the agent leaves them on the disk: nothing that may be secret is part of
 * one. URLs that give access to such things are, and they end with the transfer; the lists of processes never show them.
 */

/** Where tasks live: in memory, wherever there is some. Sets `tasks`. */
const FOLDER = `
tasks=/run/golden-ssm
[ "$(stat -f -c %T /run)" = tmpfs ] || [ "$(stat -f -c %T /dev/shm)" != tmpfs ] || tasks=/dev/shm/golden-ssm
`;

/** Transfers a file by a URL: `fetch URL FILE`, `deliver FILE URL`. */
const TRANSFER = `
# What curl before 7.71 does not try again by itself: connections that break.
again() { [ "$attempt" -lt 3 ] && attempt=$((attempt + 1)) && nap "$attempt"; }
fetch() {
  if command -v curl >/dev/null; then
    attempt=1
    until printf 'url = "%s"\\n' "$1" | curl -fsS --retry 5 --retry-connrefused --connect-timeout 20 -K - -o "$2"; do again || return 1; done
  elif command -v python3 >/dev/null; then
    printf %s "$1" | python3 -c 'import sys, shutil, urllib.request as r
shutil.copyfileobj(r.urlopen(sys.stdin.read(), timeout=60), open(sys.argv[1], "wb"))' "$2"
  elif command -v wget >/dev/null; then wget -q -O "$2" "$1"
  else echo "it has neither curl nor python3 nor wget" >&2; return 1
  fi
}
deliver() {
  if command -v curl >/dev/null; then
    attempt=1
    until printf 'url = "%s"\\n' "$2" | curl -fsS --retry 5 --retry-connrefused --connect-timeout 20 -K - -T "$1" >/dev/null; do again || return 1; done
  elif command -v python3 >/dev/null; then
    printf %s "$2" | python3 -c 'import os, sys, urllib.request as r
f = open(sys.argv[1], "rb")
r.urlopen(r.Request(sys.stdin.read(), f, {"Content-Length": str(os.path.getsize(sys.argv[1]))}, method="PUT"), timeout=60)' "$1"
  elif command -v wget >/dev/null; then wget -q -O /dev/null --method=PUT --body-file="$1" "$2"
  else echo "it has neither curl nor python3 nor wget" >&2; return 1
  fi
}
nap() { sleep "$1" 2>/dev/null || sleep 1; }
`;

/**
 * Beside the command, in the same process group: brings its input, collects its output in pieces, and says how it ended.
 * It stands still where 32 MiB have not been read. Gets, exported: `t`, `command`, `stderr`, and of an input `get`, `digest`, `to`, and of a long command `script`, `scriptdigest`.
 */
const SUPERVISOR = `${TRANSFER}
fail() {
  printf '%s\\n' "$1" >"$t/fault.part"
  mv "$t/fault.part" "$t/fault"
  exit
}
if [ -n "$get" ]; then
  true >"$to" && fetch "$get" "$to" || { said=$(tail -n 3 "$t/said"); rm -f "$to"; fail "$said"; }
  set -- $(sha256sum <"$to")
  [ "$1" = "$digest" ] || { rm -f "$to"; fail "what arrived is not what was sent"; }
fi 2>"$t/said"
if [ -n "$script" ]; then
  fetch "$script" "$t/script" 2>"$t/said" || fail "$(tail -n 3 "$t/said")"
  set -- $(sha256sum <"$t/script")
  [ "$1" = "$scriptdigest" ] || fail "what arrived is not what was sent"
  command=$(cat "$t/script")
fi
mkfifo "$t/pipe"
cd /root 2>/dev/null || cd /
[ "$to" = "$t/in" ] && input=$t/in || input=/dev/null
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 sh -c "umask 022
$command" <"$input" >"$t/pipe" 2>"$stderr" &
main=$!
exec 3<"$t/pipe"
total=0 start=0 segment=$t/s.100000000000000
while :; do
  dd bs=65536 count=1 <&3 >>"$segment" 2>/dev/null || fail "its memory is full"
  set -- $(stat -c %s "$segment")
  [ "$((start + $1))" -gt "$total" ] || break
  total=$((start + $1))
  echo "$total" >"$t/total"
  if [ "$1" -ge 1048576 ]; then start=$total segment=$t/s.$((100000000000000 + total)); fi
  while read -r taken <"$t/taken" && [ "$((total - taken))" -gt 33554432 ]; do nap 0.05; done
done
exec 3<&-
wait "$main"
code=$? all=$total
if [ -s "$t/err" ]; then
  set -- $(stat -c %s "$t/err")
  all=$((total + $1))
  mv "$t/err" "$t/s.$((100000000000000 + total))"
fi
echo "$code $total $all" >"$t/end.part"
mv "$t/end.part" "$t/end"
`;

/** Sets `t`; removes what tasks that are over had, but not their names: a command may arrive twice, and late. */
const OPENING = `umask 077
export LC_ALL=C
${FOLDER}
mkdir -p "$tasks"
for one in $forget; do rm -rf "$tasks/$one"/*; done
t=$tasks/$id
`;

/** Starts a task that was not started yet; but none on a machine that has restarted since: it may have begun before, and be the reason. */
const START = `
[ -e "$tasks/$mark" ] || { echo "golden $id gone"; exit 0; }
if mkdir "$t" 2>/dev/null; then
  echo 0 >"$t/taken"
  echo 0 >"$t/total"
  [ "$to" != - ] || to=$t/in
  [ "$stderr" != - ] || stderr=$t/err
  export t command stderr get digest to script scriptdigest
  setsid sh -c "$supervisor" </dev/null >/dev/null 2>&1 &
  echo "$!" >"$t/leader"
else
  [ -e "$t/total" ] || nap 0.3
fi
`;

/**
 * Waits until there are `least` bytes behind `from`, the task is over, or `wait` seconds have passed, and says what there is:
 * a line `golden ID running|done CODE BYTES-OF-STDOUT BYTES-IN-ALL FROM LENGTH none|raw|gzip|put SIZE SHA256`, and the bytes as base64.
 * What is too much for that goes to `put`, 16 MiB at a time.
 */
const FOLLOW = `
uptime() { read -r now rest </proc/uptime; now=\${now%.*}; }
uptime
until=$((now + wait)) round=0
while :; do
  [ -e "$t/total" ] || { echo "golden $id gone"; exit 0; }
  [ ! -e "$t/fault" ] || { echo "golden $id fault"; cat "$t/fault"; exit 0; }
  [ ! -e "$t/end" ] || break
  read -r all <"$t/total" || all=0
  [ "$((all - from))" -lt "$least" ] || break
  uptime
  [ "$now" -lt "$until" ] || break
  round=$((round + 1))
  if [ "$round" -lt 50 ]; then nap 0.02; else nap 0.1; fi
done
state=running code=- out=-
if [ -e "$t/end" ]; then
  state=done
  read -r code out all <"$t/end"
fi
echo "$from" >"$t/taken"
first=0 last=
for s in "$t"/s.*; do
  [ -e "$s" ] || continue
  at=$((\${s##*.} - 100000000000000))
  [ "$at" -le "$from" ] || break
  [ -z "$last" ] || rm -f "$last"
  last=$s first=$at
done
piece() { cat "$t"/s.* | tail -c "+$((from - first + 1))" | head -c "$length"; }
answer() { echo "golden $id $state $code $out $all $from $length $*"; }
length=$((all - from))
if [ "$length" = 0 ]; then answer none - -; exit 0; fi
if [ "$length" -le 17000 ]; then answer raw - -; piece | base64; exit 0; fi
limit=131072
[ -z "$put" ] || limit=16777216
[ "$length" -le "$limit" ] || length=$limit
file=$t/put.$$
piece | gzip -1 >"$file"
set -- $(stat -c %s "$file")
if [ "$1" -le 17000 ]; then answer gzip - -; base64 <"$file"
elif [ -n "$put" ]; then
  size=$1
  set -- $(sha256sum <"$file")
  if deliver "$file" "$put" 2>"$t/said"; then answer put "$size" "$1"
  else echo "golden $id unsent"; tail -n 3 "$t/said"
  fi
else
  length=17000
  answer raw - -
  piece | base64
fi
rm -f "$file"
exit 0
`;

/** Ends a task with all of its processes; one that was not started will not be. */
const END = `
mkdir "$t" 2>/dev/null
if read -r leader <"$t/leader"; then kill -KILL "-$leader"; fi 2>/dev/null
rm -rf "$t"/*
echo "golden $id gone"
exit 0
`;

/** Sends a file as it is to `put`, and says what was sent. */
const SEND = `
size=$(stat -L -c %s -- "$file") && set -- $(sha256sum <"$file") && deliver "$file" "$put" && echo "$size $1"
`;

/** What the machine says before the first command that it was asked for. */
export const THERE = 'golden is there';

/** Says that the machine takes commands, and leaves a mark that does not outlive a restart. Gets `mark`. */
const PROBE = `umask 077
${FOLDER}
mkdir -p "$tasks" && true >"$tasks/$mark" && echo ${THERE}
`;

/** The texts as they are sent: without indentation, since a command should be short. */
export const PROBE_TEXT = compact(PROBE);
export const START_TEXT = compact(OPENING + TRANSFER + START + FOLLOW);
export const FOLLOW_TEXT = compact(OPENING + TRANSFER + FOLLOW);
export const END_TEXT = compact(OPENING + END);
export const SEND_TEXT = compact(TRANSFER + SEND);
export const SUPERVISOR_TEXT = compact(SUPERVISOR);
export const FOLDER_TEXT = compact(FOLDER);

function compact(script: string): string {
  return script.split('\n').map((line) => line.trim()).filter(Boolean).join('\n');
}
