/**
 * The program around a step that needs behaviour at run time: an ignored failure, a timeout, copies of its output,
 * results, credentials. POSIX shell, for busybox ash, dash and bash; nothing but a shell is required of the image, since the `prepare`
 * container brings a busybox with it.
 *
 * Arguments: flags, then `--` and the command. The end of the step is reported to the termination message in the format
 * that `termination-message.ts` reads. A step that is stopped from outside (TERM) passes the signal on and reports what
 * the command made of it.
 */
export const wrapperScript = `#!/bin/sh
directory= on_error=stop limit=0 seconds= out= err= results= step_results= credentials=
while [ "$1" != -- ]; do
  case $1 in
    --directory) directory=$2 ;;
    --on-error) on_error=$2 ;;
    --credentials) credentials=$2 ;;
    --limit) limit=$2 ;;
    --timeout) seconds=$2 ;;
    --stdout) out=$2 ;;
    --stderr) err=$2 ;;
    --result) results="$results $2" ;;
    --step-result) step_results="$step_results $2" ;;
    *) echo "penstock: unknown flag $1" >&2; exit 64 ;;
  esac
  shift 2
done
shift
if [ -x /tekton/bin/busybox ]; then tool=/tekton/bin/busybox; else tool=; fi
$tool mkdir -p "$directory/results" || exit 74

# Programs that know HOME find their files there; ssh looks in the user's own home, wherever HOME is.
if [ -n "$credentials" ]; then
  ( . "$credentials" ) || echo 'penstock: the credentials could not all be written' >&2
  if [ -z "$GIT_SSH_COMMAND" ] && [ -f /tekton/creds/.ssh/config ]; then
    GIT_SSH_COMMAND="ssh -F '$HOME/.ssh/config'"
    export GIT_SSH_COMMAND
  fi
fi

child= watchdog= stopped= interrupted= timed_out= tees=
on_stop() { stopped=1 interrupted=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null; }
on_timeout() { timed_out=1 interrupted=1; kill -TERM "$child" 2>/dev/null; }
trap on_stop TERM INT HUP
trap on_timeout USR1

# A copy of a stream: the command writes to a pipe, tee to the file and to where the stream would have gone.
exec 3>&1 4>&2
copy() {
  $tool mkdir -p "\${2%/*}" && $tool rm -f "$directory/$1" && $tool mkfifo "$directory/$1" || exit 74
}
if [ -n "$out" ]; then
  copy stdout "$out"
  $tool tee -a "$out" <"$directory/stdout" 3>&- 4>&- &
  tees=$!
fi
if [ -n "$err" ]; then
  copy stderr "$err"
  $tool tee -a "$err" <"$directory/stderr" >&2 3>&- 4>&- &
  tees="$tees $!"
fi
[ -z "$out" ] || exec 3>"$directory/stdout"
[ -z "$err" ] || exec 4>"$directory/stderr"
"$@" >&3 2>&4 3>&- 4>&- &
child=$!
exec 3>&- 4>&-
[ -z "$stopped" ] || kill -TERM "$child" 2>/dev/null

# Waits, then calls: first politely, after five more seconds not.
if [ -n "$seconds" ]; then
  (
    trap 'kill "$nap" 2>/dev/null; exit 0' TERM
    $tool sleep "$seconds" & nap=$!
    wait "$nap" && kill -USR1 $$
    $tool sleep 5 & nap=$!
    wait "$nap" && kill -KILL "$child"
  ) </dev/null >/dev/null 2>&1 &
  watchdog=$!
fi

# A signal ends a wait early; the command's own end is what counts.
while :; do
  interrupted=
  wait "$child"
  code=$?
  [ -n "$interrupted" ] && kill -0 "$child" 2>/dev/null || break
done
[ -z "$watchdog" ] || kill -TERM "$watchdog" 2>/dev/null

# What the command left behind may hold the pipes open; it gets two seconds.
if [ -n "$tees" ]; then
  ( trap 'kill "$nap" 2>/dev/null; exit 0' TERM; $tool sleep 2 & nap=$!; wait "$nap" && kill $tees ) </dev/null >/dev/null 2>&1 &
  limiter=$!
  wait $tees
  kill -TERM "$limiter" 2>/dev/null
fi
printf %s "$code" >"$directory/exitCode"

size_of() { size=$(($($tool wc -c <"$1"))); }
total=64 too_large=
weigh() {
  [ -f "$2" ] || return 0
  size_of "$2"
  total=$((total + size + \${#1} + 32))
  if [ "$limit" -gt 0 ] && [ "$total" -gt "$limit" ]; then too_large="$1 $size"; fi
}
emit() {
  [ -f "$3" ] || return 0
  size_of "$3"
  printf '%s %s %s\\n' "$1" "$2" "$size"
  $tool cat "$3"
  printf '\\n'
}
for name in $results; do weigh "$name" "/tekton/results/$name"; done
for name in $step_results; do weigh "$name" "$directory/results/$name"; done
end=exited
[ -z "$timed_out" ] || end=timed-out
if [ -n "$too_large" ]; then
  printf 'penstock/1 too-large %s %s\\n.\\n' "$code" "$too_large" >/tekton/termination
  echo "penstock: the results are too large to report: \${too_large% *} alone has \${too_large#* } bytes, $limit are allowed for all" >&2
  exit 1
fi
{
  printf 'penstock/1 %s %s\\n' "$end" "$code"
  for name in $results; do emit result "$name" "/tekton/results/$name"; done
  for name in $step_results; do emit step-result "$name" "$directory/results/$name"; done
  printf '.\\n'
} >/tekton/termination || exit 74
[ -z "$timed_out" ] || exit 1
[ "$on_error" = continue ] && exit 0
exit "$code"
`;

/**
 * What the `prepare` container runs: puts a shell at /tekton/bin/sh. From an image of busybox the one static program with
 * all its tools; from anything else, such as the host itself, a link to its shell.
 */
export const prepareScript = `busybox=$(command -v busybox) && cp "$busybox" /tekton/bin/busybox && ln -sf busybox /tekton/bin/sh || ln -sf /bin/sh /tekton/bin/sh`;
