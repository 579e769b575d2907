/** A sandbox made by `unshare` and a shell script, for machines without bubblewrap. Pure. */
import { statusDescriptor } from './bubblewrap.ts';
import type { LayoutStep } from './sandbox-layout.ts';

/** The programs of util-linux that take part. */
export interface UnsharePrograms {
  readonly unshare: string;
  readonly setpriv: string;
  readonly setsid: string;
}

/** Where the tools of the script are. */
const toolPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The command line (without the command itself, which follows it) that builds the layout in a new mount, PID and IPC
 * namespace on `root`, an empty host directory, and reports on descriptor 3 as bubblewrap does. The whole tree dies with
 * the first process, and that with this program.
 */
export function unshareCommand(
  programs: UnsharePrograms,
  layout: readonly LayoutStep[],
  options: { readonly asRoot: boolean; readonly root: string; readonly workingDirectory: string },
): readonly string[] {
  const namespaces = [
    '--mount',
    '--pid',
    '--ipc',
    '--fork',
    '--kill-child',
    ...(options.asRoot ? [] : ['--map-root-user']),
  ];
  const script = sandboxScript(layout, programs, options);
  return [
    programs.setpriv,
    '--pdeathsig',
    'KILL',
    programs.unshare,
    ...namespaces,
    // A session of its own: a signal to its group reaches the command and not unshare.
    programs.setsid,
    '/bin/sh',
    '-c',
    script,
    'sandbox',
  ];
}

/** Mounts made by others may not lose flags in a user namespace: each set of flags is tried. */
const readOnlyFunction = `ro() {
  mount -o remount,bind,ro "$1" 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev "$1" 2>/dev/null ||
    mount -o remount,bind,ro,nosuid,nodev,noexec "$1"
}
bind() {
  if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "\${2%/*}"; [ -e "$2" ] || : > "$2"; fi
  mount --rbind "$1" "$2"
}`;

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

function sandboxScript(
  layout: readonly LayoutStep[],
  { setpriv }: UnsharePrograms,
  { root, workingDirectory }: { readonly root: string; readonly workingDirectory: string },
): string {
  return [
    'set -eu',
    `step_path=\${PATH-}; PATH=${toolPath}; chroot=$(command -v chroot)`,
    readOnlyFunction,
    `mount -t tmpfs -o mode=755 penstock ${quoted(root)}`,
    `cd ${quoted(root)}`,
    ...layout.flatMap(linesOf),
    'set +e',
    `echo '{ "ready": true }' >&${statusDescriptor}`,
    'PATH=$step_path',
    // Without SYS_ADMIN a step that is root cannot undo its read-only mounts.
    `${quoted(setpriv)} --bounding-set -sys_admin "$chroot" . /bin/sh -c 'cd "$0" && exec "$@"' ${quoted(workingDirectory)} "$@" ${statusDescriptor}>&-`,
    'code=$?',
    `echo "{ \\"exit-code\\": $code }" >&${statusDescriptor}`,
    'exit $code',
  ].join('\n');
}

function linesOf(step: LayoutStep): readonly string[] {
  switch (step.kind) {
    case 'bind': {
      const target = quoted(`.${step.target}`);
      return [`bind ${quoted(step.source)} ${target}`, ...(step.readOnly ? [`ro ${target}`] : [])];
    }
    case 'link':
      return [`ln -s ${quoted(step.target)} ${quoted(`.${step.path}`)}`];
    case 'directory':
      return [`mkdir -p ${quoted(`.${step.path}`)}`];
    case 'devices':
      return [
        'mkdir -p dev/shm',
        ...devices.map((name) => `bind /dev/${name} dev/${name}`),
        'ln -s /proc/self/fd dev/fd; ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr',
      ];
    case 'processes':
      return ['mkdir -p proc', 'mount -t proc proc proc'];
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
