/**
 * Hands over what a runner writes, as it comes, from where the last follower stopped. POSIX sh, for dash and busybox.
 * Where nothing is new it starts no process but `sleep`.
 *
 * Called with the folder of the state, the records already known, and the instruction in progress with the bytes of its stdout
 * and stderr already known (or `-`). Writes lines `r <record>`, `h` every second, `x` where the runner has gone, and
 * `o` or `e <n> <offset> <length>` followed by that many bytes. Ends after the record `finish`, or with 3 where the
 * state has gone, as it does when the machine restarts.
 */
export const FOLLOWER_SCRIPT = `
state=$1 known=$2 n=$3 out=$4 err=$5
[ -e "$state/records" ] || exit 3

nap() { sleep "$1" 2>/dev/null || sleep 1; }

# Opens the logs of instruction n, and goes to where the last follower stopped.
open_logs() {
  exec 5<"$state/$n.out" 6<"$state/$n.err"
  if [ "$out" != 0 ]; then seek "$out" <&5; fi
  if [ "$err" != 0 ]; then seek "$err" <&6; fi
}

seek() {
  dd bs=4096 skip="$(($1 / 4096))" count=0 2>/dev/null
  dd bs=1 skip="$(($1 % 4096))" count=0 2>/dev/null
}

follow_logs() {
  if [ "$n" = - ] || { [ ! -s "$state/$n.out" ] && [ ! -s "$state/$n.err" ]; }; then return; fi
  set -- $(stat -c %s "$state/$n.out" "$state/$n.err")
  while [ "$out" -lt "$1" ]; do
    length=$(($1 - out))
    [ "$length" -le 1048576 ] || length=1048576
    echo "o $n $out $length"
    dd bs="$length" count=1 <&5 2>/dev/null
    out=$((out + length)) idle=0
  done
  while [ "$err" -lt "$2" ]; do
    length=$(($2 - err))
    [ "$length" -le 1048576 ] || length=1048576
    echo "e $n $err $length"
    dd bs="$length" count=1 <&6 2>/dev/null
    err=$((err + length)) idle=0
  done
}

follow_records() {
  while read -r kind m rest; do
    if [ "$kind" = start ] && [ "$m" != "$n" ]; then
      n=$m out=0 err=0
      open_logs
    elif [ "$kind" = end ]; then
      follow_logs
    fi
    echo "r $kind $m $rest"
    idle=0
    [ "$kind" != finish ] || exit 0
  done <&4
}

exec 4<"$state/records"
while [ "$known" -gt 0 ]; do
  read -r line <&4
  known=$((known - 1))
done
[ "$n" = - ] || open_logs
idle=0 gone=0
while :; do
  follow_records
  follow_logs
  idle=$((idle + 1))
  if [ "$((idle % 20))" = 0 ]; then echo h; fi
  if [ "$((idle % 10))" = 0 ]; then
    # Twice in a row, since it may have written its last words in between; it starts a moment after its follower.
    if read -r pid <"$state/pid" && kill -0 "$pid"; then gone=0; else gone=$((gone + 1)); fi
    if [ "$gone" -ge 20 ] || { [ "$gone" -ge 2 ] && [ -e "$state/pid" ]; }; then
      echo x
      exit 0
    fi
  fi
  if [ "$idle" -lt 20 ]; then nap 0.02; else nap 0.05; fi
done 2>/dev/null
`.trimStart();
