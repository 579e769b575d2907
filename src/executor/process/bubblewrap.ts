import type { LayoutStep } from './sandbox-layout.ts';

/** The file descriptor on which bubblewrap reports the process it started and its exit code. */
export const statusDescriptor = 3;

/**
 * What root keeps in a container of Docker or containerd; the rest (mounting, loading modules, tracing others, …) is
 * dropped. Without it a step run by root could undo its read-only mounts.
 */
const rootCapabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'SETFCAP',
  'SYS_CHROOT',
  'AUDIT_WRITE',
];

/** The arguments of `bwrap` for a sandbox of this layout; the command follows them. */
export function bubblewrapArguments(
  layout: readonly LayoutStep[],
  options: { readonly asRoot: boolean; readonly workingDirectory: string },
): readonly string[] {
  const capabilities = rootCapabilities.flatMap((name) => ['--cap-add', `CAP_${name}`]);
  return [
    '--unshare-pid',
    '--unshare-ipc',
    // The whole tree dies with bwrap, and bwrap with this process.
    '--die-with-parent',
    // A session and process group of its own, so that a signal to the group reaches the step and not bwrap.
    '--new-session',
    '--json-status-fd',
    String(statusDescriptor),
    ...(options.asRoot ? ['--cap-drop', 'ALL', ...capabilities] : ['--unshare-user']),
    ...layout.flatMap(argumentsOf),
    '--chdir',
    options.workingDirectory,
    '--',
  ];
}

function argumentsOf(step: LayoutStep): readonly string[] {
  switch (step.kind) {
    case 'bind':
      return [step.readOnly ? '--ro-bind' : '--bind', step.source, step.target];
    case 'link':
      return ['--symlink', step.target, step.path];
    case 'directory':
      return ['--dir', step.path];
    case 'devices':
      return ['--dev', '/dev'];
    case 'processes':
      return ['--proc', '/proc'];
  }
}

/** What is reported of a sandbox: its first process, that it is about to run the command, and how that ended. */
export interface SandboxReport {
  /** As the host numbers it; only bubblewrap tells. */
  readonly initPid?: number;
  /** The sandbox is made; only the script of `unshare` tells. */
  readonly ready: boolean;
  /** Absent when the command was never started, or the sandbox was killed. */
  readonly exitCode?: number;
}

/** Reads the JSON objects, one a line, that were written so far. */
export function readReport(text: string): SandboxReport {
  const initPid = /"child-pid": *(\d+)/.exec(text)?.[1];
  const exitCode = /"exit-code": *(\d+)/.exec(text)?.[1];
  return {
    ready: text.includes('"ready": true'),
    ...(initPid === undefined ? {} : { initPid: Number(initPid) }),
    ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
  };
}
