import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';

/** One name in the root directory of a sandbox. */
export type RootEntry =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** What of the host every step sees, read-only. Home directories, /root, /var, /run and /srv are not among it. */
const systemDirectories = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/etc',
  '/opt',
  '/nix',
  '/sys',
];

/** Programs are looked for here when the host's PATH is not given. */
export const searchPathDefault: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
];

const shellCandidates = { busybox: ['/bin/busybox', '/usr/bin/busybox'], bash: ['/bin/bash', '/usr/bin/bash'] };

/** The shell that stands in for `/bin/sh` in a sandbox. */
export interface ShellReplacement {
  /** The host file behind /bin/sh, over which the other is mounted. */
  readonly over: string;
  /** The host file of the shell that is used instead. */
  readonly program: string;
}

/** What the process runtime has found on this machine. */
export interface HostSystem {
  readonly root: readonly RootEntry[];
  /** Absent: /bin/sh is used as it is. */
  readonly shell: ShellReplacement | undefined;
  /** The busybox of the host, if it has one. */
  readonly busybox: string | undefined;
}

/** Looks at the host; cheap (some twenty `stat` calls). `readOnlyPaths` are further directories that steps may see. */
export function inspectHost(readOnlyPaths: readonly string[] = []): HostSystem {
  const root = [...systemDirectories, ...readOnlyPaths].flatMap(rootEntry);
  const busybox = shellCandidates.busybox.find(isFile);
  return { root, shell: shellReplacement(busybox), busybox };
}

/** Which of these folders steps in a sandbox see, and which not. */
export function splitVisible(
  folders: readonly string[],
  host: HostSystem,
): { readonly visible: readonly string[]; readonly hidden: readonly string[] } {
  const isVisible = (folder: string): boolean =>
    host.root.some(({ path }) => folder === path || folder.startsWith(`${path}/`));
  return { visible: folders.filter(isVisible), hidden: folders.filter((folder) => !isVisible(folder)) };
}

function rootEntry(path: string): readonly RootEntry[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isSymbolicLink()) return [{ kind: 'link', path, target: readlinkSync(path) }];
  return stats.isDirectory() ? [{ kind: 'directory', path }] : [];
}

/**
 * Scripts for `/bin/sh` are written for busybox ash, which most step images have: it knows `[[` and `==`, dash does not.
 * A host whose sh is bash or busybox needs nothing.
 */
function shellReplacement(busybox: string | undefined): ShellReplacement | undefined {
  if (!isFile('/bin/sh')) return undefined;
  const over = realpathSync('/bin/sh');
  if (['bash', 'busybox'].includes(basename(over))) return undefined;
  const program = busybox ?? shellCandidates.bash.find(isFile);
  return program === undefined ? undefined : { over, program: realpathSync(program) };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
