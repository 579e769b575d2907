/** What a step's file system is put together from, in order; rendered for bubblewrap or unshare. Pure. */
import type { Mount } from '../runtime/container-runtime.ts';
import type { HostSystem } from './host-system.ts';

/** One step of building the sandbox's root. */
export type LayoutStep =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readOnly: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'devices' }
  | { readonly kind: 'processes' };

/** Programs the runtime brings along: `ash`, and the host's own `dash` when /bin/sh is replaced. First in PATH. */
export const programDirectory = '/run/penstock/bin';

/** What is put into a sandbox besides the host's system directories. */
export interface LayoutInput {
  readonly host: HostSystem;
  readonly mounts: readonly Mount[];
  /** Host directory that becomes /tmp. */
  readonly temporary: string;
  readonly home: string;
  /** Made if no mount brings it. */
  readonly workingDirectory: string;
}

/** The steps, in order: a later one lies over an earlier one. The root itself is an empty, private, writable directory. */
export function sandboxLayout(input: LayoutInput): readonly LayoutStep[] {
  const { host, mounts } = input;
  const system = host.root.map((entry): LayoutStep =>
    entry.kind === 'link'
      ? { kind: 'link', path: entry.path, target: entry.target }
      : { kind: 'bind', source: entry.path, target: entry.path, readOnly: true },
  );
  return [
    // Before what may lie in it: a folder of tools below /tmp.
    { kind: 'bind', source: input.temporary, target: '/tmp', readOnly: false },
    ...system,
    ...shellSteps(host),
    { kind: 'devices' },
    { kind: 'processes' },
    { kind: 'directory', path: '/var/tmp' },
    { kind: 'directory', path: input.home },
    ...mounts.map((mount): LayoutStep => ({ kind: 'bind', ...mount })),
    ...(coveredBy(input.workingDirectory, mounts)
      ? []
      : [{ kind: 'directory', path: input.workingDirectory } as const]),
  ];
}

function shellSteps({ shell, busybox }: HostSystem): readonly LayoutStep[] {
  const bring = (source: string, name: string): LayoutStep => ({
    kind: 'bind',
    source,
    target: `${programDirectory}/${name}`,
    readOnly: true,
  });
  const steps: LayoutStep[] = busybox === undefined ? [] : [bring(busybox, 'ash')];
  if (shell === undefined) return steps;
  const name = shell.over.slice(shell.over.lastIndexOf('/') + 1);
  return [
    ...steps,
    bring(shell.over, name),
    { kind: 'bind', source: shell.program, target: shell.over, readOnly: true },
  ];
}

/** Whether `path` is a mount or lies in one. */
export function coveredBy(path: string, mounts: readonly Mount[]): boolean {
  return mounts.some(({ target }) => path === target || path.startsWith(`${target}/`));
}
