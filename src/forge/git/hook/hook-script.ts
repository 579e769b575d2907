/** First line of a hook of ours after `#!`: by it we know it again. */
const mark = '# penstock git-hook';

/** Name under which a hook that was there before ours goes on. */
export const earlierHookSuffix = '.before-penstock';
/** Folder in the git directory where pushes wait until Penstock knows of them. */
export const spoolFolder = 'penstock-spool';
/** End of the names of pushes in the spool. */
export const pushSuffix = '.push';

/** Whether a hook was written by {@link hookScript}, of this version or another. */
export function isOwnHook(text: string): boolean {
  return text.split('\n', 3).some((line) => line.startsWith(mark));
}

/**
 * The `post-receive` hook, in POSIX shell. It writes the push to the spool, which takes a millisecond, and leaves the rest to
 * a program in the background that holds none of the streams a `git push` waits for. `command` starts Penstock.
 */
export function hookScript(command: readonly string[]): string {
  return `#!/bin/sh
${mark} 1: tells Penstock what was pushed. No push waits for it, and none fails because of it.
# Written by "penstock git-hook install"; "penstock git-hook uninstall" removes it and brings back what was here before.
directory=$(pwd)
spool=$directory/${spoolFolder}
updates=$(cat)
name=$(od -An -N16 -tx1 /dev/urandom 2>/dev/null | tr -d ' \\n')
[ -n "$name" ] || name=$(date +%s)-$$
pusher=$(printf %s "\${GL_USER:-\${REMOTE_USER:-$(id -un)}}" | tr -d '\\r\\n')
if mkdir -p "$spool" &&
  printf 'pusher %s\\n%s\\n' "$pusher" "$updates" > "$spool/.$name.new" &&
  mv "$spool/.$name.new" "$spool/$name${pushSuffix}"
then
  (trap '' HUP; exec ${command.map(shellQuoted).join(' ')} git-hook send --repository "$directory") \\
    </dev/null >/dev/null 2>&1 &
else
  echo "penstock: this push could not be written to $spool; Penstock is not told of it" >&2
fi
earlier=\${0%/*}/post-receive${earlierHookSuffix}
if [ -x "$earlier" ]; then
  printf '%s\\n' "$updates" | "$earlier"
  exit $?
fi
exit 0
`;
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
