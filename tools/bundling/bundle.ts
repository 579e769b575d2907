import { createHash, randomUUID } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync } from 'esbuild';

/** A bundle and what it was made from, by which `bin/bundle.js` sees whether it still holds. */
export interface BundleManifest {
  /** The file to import, from the root. */
  readonly entry: string;
  readonly inputs: readonly BundleInput[];
}

/** Path from the root, size in bytes, time of the last change in ms since 1970. */
type BundleInput = readonly [path: string, bytes: number, modifiedMs: number];

/** The packages that every command loads. The others stay in `node_modules`: only servers load them, when they start. */
const bundledPackages = ['commander', 'yaml'];

/** Packages in the older module format ask for Node's own modules with `require`. */
const requireForPackages =
  "import { createRequire as createRequireForPackages } from 'node:module';" +
  'const require = createRequireForPackages(import.meta.url);';

/** Times of files lag behind the clock by up to a tick of the kernel. */
const clockTickMs = 20;

/** Old bundles stay so long, for the programs that were started from them. */
const keptMs = 24 * 60 * 60 * 1000;

/**
 * Makes the bundle of the package in `root` from `src/app/main.ts`, as `dist/<hash>/`. Gives what it wrote to
 * `dist/bundle.json`; or with an input that was changed in the meantime, and then has written nothing. May be called by
 * several processes at once.
 */
export function bundle(root: string): BundleManifest | { readonly changed: string } {
  const startMs = Date.now();
  mkdirSync(join(root, 'dist'), { recursive: true });
  const { metafile, outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: ['src/app/main.ts'],
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: packagesOf(root).filter((name) => !bundledPackages.includes(name)),
    banner: { js: requireForPackages },
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const inputs = Object.keys(metafile.inputs).map((path) => inputOf(root, path));
  const changed = inputs.find(([, , modifiedMs]) => modifiedMs >= startMs - clockTickMs);
  if (changed !== undefined) return { changed: changed[0] };
  const folder = writeOnce(
    join(root, 'dist'),
    outputFiles.map(({ path, contents }) => [basename(path), contents] as const),
  );
  const manifest: BundleManifest = { entry: `dist/${folder}/main.js`, inputs };
  writeWhole(join(root, 'dist'), 'bundle.json', JSON.stringify(manifest));
  removeOld(join(root, 'dist'), folder);
  return manifest;
}

function packagesOf(root: string): readonly string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  return Object.keys(dependencies);
}

function inputOf(root: string, path: string): BundleInput {
  const { size, mtimeMs } = statSync(join(root, path));
  return [path, size, mtimeMs];
}

/** Writes files to a folder named by what they hold, and gives its name. It appears with all of them or not at all. */
function writeOnce(parent: string, files: readonly (readonly [name: string, contents: Uint8Array])[]): string {
  const hash = createHash('sha256');
  for (const [name, contents] of files) hash.update(name).update(contents);
  const folder = hash.digest('hex').slice(0, 16);
  // Not by mkdtemp, whose folders are their owner's alone: whoever may read the sources is to read this too.
  const temporary = join(parent, `.new-${randomUUID()}`);
  mkdirSync(temporary);
  for (const [name, contents] of files) writeFileSync(join(temporary, name), contents);
  try {
    renameSync(temporary, join(parent, folder));
  } catch (error) {
    rmSync(temporary, { recursive: true });
    // Another has made the very same: that will do.
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return folder;
}

function writeWhole(parent: string, name: string, text: string): void {
  const temporary = mkdtempSync(join(parent, '.new-'));
  writeFileSync(join(temporary, name), text);
  renameSync(join(temporary, name), join(parent, name));
  rmSync(temporary, { recursive: true });
}

function removeOld(parent: string, current: string): void {
  for (const name of globSync(['*', '.new-*'], { cwd: parent, exclude: [current, 'bundle.json'] })) {
    const stat = statSync(join(parent, name), { throwIfNoEntry: false });
    if (stat && stat.mtimeMs < Date.now() - keptMs) rmSync(join(parent, name), { recursive: true, force: true });
  }
}
