/**
 * Completes a package lock whose registry did not serve every optional platform package.
 *
 * Native tools list one optional package a platform. Some registry mirrors hold only a few of them; npm then writes a lock
 * without the others, and `npm ci` refuses that very lock ("Missing … from lock file"). An entry with the version and the
 * platform is all npm needs: it skips packages of other platforms without fetching them, and on such a platform it fetches
 * the package by name and version.
 */

export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[] | string;
  readonly cpu?: readonly string[] | string;
  readonly libc?: readonly string[] | string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface PackageLock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockEntry>>;
}

export interface CompletedLock {
  readonly lock: PackageLock;
  /** Places of the entries that were added, for instance `node_modules/@oxlint/binding-darwin-x64`, in order. */
  readonly added: readonly string[];
}

const operatingSystems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

/** Adds an entry for each optional dependency that no entry answers for. Throws when a name does not tell its platform. */
export function completeLock(lock: PackageLock): CompletedLock {
  const packages: Record<string, LockEntry> = { ...lock.packages };
  const added: string[] = [];
  for (const [place, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isAnswered(packages, place, name)) continue;
      packages[`node_modules/${name}`] = platformEntry(name, version, entry.dev === true);
      added.push(`node_modules/${name}`);
    }
  }
  const ordered = Object.entries(packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  return { lock: { ...lock, packages: Object.fromEntries(ordered) }, added: added.toSorted() };
}

/** Looks where Node looks: the dependent's own `node_modules`, then those of each package around it, then the root's. */
function isAnswered(packages: Readonly<Record<string, LockEntry>>, place: string, name: string): boolean {
  for (let around = place; ; around = around.slice(0, around.lastIndexOf('node_modules/')).replace(/\/$/, '')) {
    if (packages[around === '' ? `node_modules/${name}` : `${around}/node_modules/${name}`] !== undefined) return true;
    if (around === '') return false;
  }
}

/** The platform is read from the package's name: `binding-linux-arm-gnueabihf`, `typescript-win32-x64`, `linux-arm64`. */
function platformEntry(name: string, version: string, dev: boolean): LockEntry {
  const words = name.split(/[/_-]/);
  const system = words.find((word) => operatingSystems.includes(word));
  const processor = words.find((word) => processors.includes(word));
  if (system === undefined || processor === undefined || !/^\d/.test(version)) {
    throw new Error(`cannot tell the platform of ${name}@${version}; add its lock entry by hand`);
  }
  const library = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return {
    version,
    cpu: [processor],
    ...(dev ? { dev } : {}),
    ...(library === undefined ? {} : { libc: library }),
    optional: true,
    os: [system],
  };
}
