/**
 * `npm run lock`: refreshes package-lock.json from package.json, then completes it (see lock/complete.ts for why).
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { completeLock } from './lock/complete.ts';
import type { PackageLock } from './lock/complete.ts';

const lockPath = new URL('../package-lock.json', import.meta.url);

const refreshed = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], {
  cwd: new URL('..', import.meta.url),
  stdio: 'inherit',
});
if (refreshed.status !== 0) {
  throw new Error(`npm install --package-lock-only ended with ${refreshed.status ?? refreshed.signal}`, {
    cause: refreshed.error,
  });
}

// The lock is npm's own file; reading it as this type is a statement about npm's format (lockfileVersion 3).
const read = JSON.parse(readFileSync(lockPath, 'utf8')) as PackageLock;
if (read.lockfileVersion !== 3) throw new Error(`package-lock.json has lockfileVersion ${read.lockfileVersion}, not 3`);
const { lock, added } = completeLock(read);
writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`);
for (const place of added) console.log(`added ${place}`);
console.log(`${added.length} platform packages added to package-lock.json`);
