/**
 * Executes the instructions of a bundle in order, on the machine, and stops at the first that fails. POSIX sh, for dash and
 * busybox. Time is read from /proc/uptime and names from /etc/passwd by the shell itself: a process costs as much as
 * many a provisioner does.
 *
 * Called with the folder of the bundle and the folder of its state, which is memory-backed. The bundle has `main.sh`, which
 * calls the functions below, `<n>.script` and `<n>.tar`. The state has `records`, `<n>.out`, `<n>.err`, `<n>.secrets`.
 */
export const RUNNER_SCRIPT = `
bundle=$1 state=$2
ahead_limit=33554432
umask 022
exec 8>>"$state/records"
echo "$$" >"$state/pid"

record() { echo "$*" >&8; }

nap() { sleep "$1" 2>/dev/null || sleep 1; }

# Sets now: hundredths of a second since the start of the machine.
clock() {
  read -r now rest </proc/uptime
  now=\${now%.*}\${now#*.}
  while :; do case $now in 0?*) now=\${now#0} ;; *) return ;; esac; done
}

# Sets entry: the line of a user or group, by name. Arguments: passwd or group, name.
find_entry() {
  while IFS= read -r entry; do
    case $entry in "$2":*) return 0 ;; esac
  done <"/etc/$1"
  entry=$(getent "$1" "$2" 2>/dev/null) && [ -n "$entry" ]
}

# Sets uid, gid, home and login_shell of a user.
find_user() {
  find_entry passwd "$1" || return
  set -f
  IFS=:
  set -- $entry
  unset IFS
  set +f
  uid=$3 gid=$4 home=\${6:-/} login_shell=\${7:-/bin/sh}
}

# begin CENTISECONDS-SINCE-THE-LAST-CHECKPOINT
begin() {
  clock
  since=$((now - $1))
  record "begin $now"
  echo - >"$state/current"
  guard &
  guard=$!
}

# stop ok|failed|abandoned|terminated
stop() {
  echo - >"$state/current"
  kill "$guard" 2>/dev/null
  clock
  record "finish $now $1"
  exit 0
}

# What was not followed yet of a loud instruction has to go before the next one adds to it.
open_logs() {
  if [ -e "$state/loud" ]; then
    read -r loud <"$state/loud"
    clock
    patience=$((now + 360000))
    until read -r followed rest <"$state/ack" && [ "$followed" -gt "$loud" ]; do
      nap 0.05
      clock
      [ "$now" -lt "$patience" ] || stop abandoned
    done
    rm -f "$state/loud" "$state/$loud.out" "$state/$loud.err"
  fi
  : >"$state/$n.out"
  : >"$state/$n.err"
}

# run INDEX HOLD USER DIRECTORY TIMEOUT-SECONDS ATTEMPTS BACKOFF-SECONDS VALID-EXIT-CODES WORD...
run() {
  n=$1 hold=$2 user=$3 directory=$4 timeout=$5 attempts=$6 backoff=$7 codes=$8
  shift 8
  attempt=1
  open_logs
  while :; do
    clock
    record "start $n $attempt $now"
    attempt_run "$@"
    if [ -e "$state/$n.timeout" ]; then
      rm -f "$state/$n.timeout"
      how=timeout code=124
    else
      case ",$codes," in *",$code,"*) how=ok ;; *) how=failed ;; esac
    fi
    if [ "$how" = ok ] || [ "$attempt" -ge "$attempts" ]; then break; fi
    clock
    record "retry $n $attempt $now $code $how $backoff"
    sleep "$backoff"
    backoff=$((backoff * 2)) attempt=$((attempt + 1))
  done
  [ ! -e "$state/$n.secrets" ] || rm -f "$state/$n.secrets"
  boundary
}

# Sets code.
attempt_run() {
  code=125
  if ! find_user "$user"; then
    echo "golden: this machine has no user $user" >>"$state/$n.err"
    return
  fi
  [ "$uid" = 0 ] || chown "$uid:$gid" "$bundle/$n.script" 2>>"$state/$n.err" || return
  (
    exec 8>&-
    cd -- "\${directory:-$home}" 2>/dev/null || { echo "golden: this machine has no folder \${directory:-$home}" >&2; exit 125; }
    [ ! -e "$state/$n.secrets" ] || . "$state/$n.secrets"
    set -- env "HOME=$home" "USER=$user" "LOGNAME=$user" "SHELL=$login_shell" "$@"
    if [ "$uid" != 0 ]; then
      if [ "$become" = setpriv ]; then set -- setpriv --reuid "$uid" --regid "$gid" --init-groups -- "$@"
      elif [ "$become" = runuser ]; then set -- runuser -u "$user" -- "$@"
      else set -- su -p -s /bin/sh -c 'exec "$@"' -- "$user" sh "$@"
      fi
    fi
    exec setsid "$@"
  ) </dev/null >>"$state/$n.out" 2>>"$state/$n.err" &
  pid=$!
  clock
  echo "$n $pid $((now + timeout * 100))" >"$state/current"
  wait "$pid"
  code=$?
  echo - >"$state/current"
}

# put INDEX HOLD OWNER GROUP PARENT-FOLDER; an empty owner or group is a number in the tar itself
put() {
  n=$1 hold=$2 attempt=1
  open_logs
  clock
  record "start $n 1 $now"
  place "$3" "$4" "$5" >>"$state/$n.out" 2>>"$state/$n.err"
  code=$?
  rm -f "$bundle/$n.tar"
  if [ "$code" = 0 ]; then how=ok; else how=failed; fi
  boundary
}

place() {
  if [ -n "$1" ] && ! find_entry passwd "$1"; then
    echo "golden: this machine has no user $1" >&2
    return 125
  fi
  if [ -n "$2" ] && ! find_entry group "$2"; then
    echo "golden: this machine has no group $2" >&2
    return 125
  fi
  [ -d "$3" ] || mkdir -p -- "$3" || return
  cd -- "$3" || return
  # A folder that is there already keeps its mode and owner, and a link to a folder stays one.
  tar -xm $tar_options -f "$bundle/$n.tar" || return
  cd /
}

# Ends an instruction, and waits where the engine is to save the disk.
boundary() {
  clock
  record "end $n $attempt $now $code $how"
  [ "$how" = ok ] || stop failed
  if [ "$hold" = never ] || { [ "$hold" != always ] && [ "$((now - since))" -lt "$hold" ]; }; then return; fi
  record "hold $n $now"
  patience=$((now + 360000))
  until [ -e "$state/go.$n" ]; do
    nap 0.02
    clock
    [ "$now" -lt "$patience" ] || stop abandoned
  done
  since=$now
  record "go $n $now"
}

# Beside the instructions: ends what takes too long, and keeps what they write from filling the memory.
guard() {
  watched= look=0.1
  while kill -0 "$$" 2>/dev/null; do
    nap "$look"
    if [ -e "$state/cancel" ]; then cancel; fi
    read -r m pid deadline <"$state/current" || continue
    [ "$m" != - ] || continue
    [ "$m" = "$watched" ] || watched=$m paused= punched=0 look=0.1
    clock
    if [ "$now" -ge "$deadline" ]; then end_group; continue; fi
    if [ -s "$state/$m.out" ] || [ -s "$state/$m.err" ]; then limit_logs; fi
  done
}

cancel() {
  if read -r m pid deadline <"$state/current" && [ "$m" != - ]; then kill -KILL "-$pid" 2>/dev/null; fi
  kill -KILL "$$"
  clock
  record "finish $now cancelled"
  exit
}

end_group() {
  : >"$state/$m.timeout"
  kill -TERM "-$pid" 2>/dev/null
  kill -CONT "-$pid" 2>/dev/null
  grace=$((now + 300))
  while kill -0 "-$pid" 2>/dev/null; do
    nap 0.1
    clock
    if [ "$now" -ge "$grace" ]; then
      # Once: what is left then is dead, and only waits to be reaped.
      kill -KILL "-$pid" 2>/dev/null
      return
    fi
  done
}

# Pauses a writer that is far ahead of who follows it, and gives back the memory of what was followed.
limit_logs() {
  followed= followed_out=0 followed_err=0
  [ ! -e "$state/ack" ] || read -r followed followed_out followed_err <"$state/ack"
  [ "$followed" = "$m" ] || followed_out=0 followed_err=0
  set -- $(stat -c %s "$state/$m.out" "$state/$m.err")
  ahead=$(($1 - followed_out + $2 - followed_err))
  if [ "$ahead" -gt "$ahead_limit" ]; then
    [ -n "$paused" ] || { echo "$m" >"$state/loud"; kill -STOP "-$pid"; paused=1 look=0.02; }
  elif [ -n "$paused" ]; then
    kill -CONT "-$pid"
    paused=
  fi
  if [ "$((followed_out + followed_err))" -gt "$punched" ]; then
    punched=$((followed_out + followed_err))
    [ "$followed_out" = 0 ] || fallocate -p -o 0 -l "$followed_out" "$state/$m.out"
    [ "$followed_err" = 0 ] || fallocate -p -o 0 -l "$followed_err" "$state/$m.err"
  fi
}

if setpriv --help 2>&1 | grep -q init-groups; then become=setpriv
elif command -v runuser >/dev/null; then become=runuser
else become=su
fi
case $(tar --version 2>/dev/null) in
  *GNU*) tar_options='--no-overwrite-dir --keep-directory-symlink' ;;
  *) tar_options= ;;
esac
exec >/dev/null 2>&1 </dev/null
# Whoever follows ends with the last record, and so is gone before a machine that shuts down would have to wait for it.
trap 'stop terminated' TERM
. "$bundle/main.sh"
stop ok
`.trimStart();
