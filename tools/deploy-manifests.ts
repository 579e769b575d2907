/** `npm run deploy-manifests`: writes the folder `deploy/` from src/install. With `--check` it only says what is stale. */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deployFiles } from '../src/install/deploy-folder.ts';
import { writtenHeader } from '../src/install/names.ts';
import { defaultInstallOptions } from '../src/install/install-options.ts';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const files = deployFiles(defaultInstallOptions(version));
const stale = [...files].filter(([path, text]) => textOf(path) !== text).map(([path]) => path);
// Files that were written by an earlier version of this program; nobody else's.
const extra = globSync('**/*.yaml', { cwd: join(root, 'deploy') }).filter(
  (path) => !files.has(path) && textOf(path)?.startsWith(writtenHeader),
);

if (process.argv.includes('--check')) {
  for (const path of [...stale, ...extra]) process.stdout.write(`deploy/${path} is stale\n`);
  process.exitCode = stale.length + extra.length > 0 ? 1 : 0;
} else {
  for (const path of stale) {
    mkdirSync(dirname(join(root, 'deploy', path)), { recursive: true });
    writeFileSync(join(root, 'deploy', path), files.get(path) ?? '');
  }
  for (const path of extra) rmSync(join(root, 'deploy', path));
  process.stdout.write(`deploy/: ${stale.length} of ${files.size} files written, ${extra.length} removed\n`);
}

function textOf(path: string): string | undefined {
  const file = join(root, 'deploy', path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
