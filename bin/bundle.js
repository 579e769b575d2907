/**
 * Finds the bundle: all that `penstock` loads, in a few files of JavaScript, which start in a third of the time.
 *
 * It is used only while every file that it was made from is as it was, so what runs is always what is written. A checkout
 * makes its first one by itself; a later one when the sources have rested, as between two edits it would only cost time.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** How long sources rest before a new bundle is worth its making. */
const restMs = 10 * 60 * 1000;

/** The file to import for the package in `root`, or undefined when it has to run from its sources. */
export async function bundleFor(root) {
  const manifest = readManifest(root);
  if (manifest === undefined) return makeBundle(root);
  const changedMs = lastUnseenChangeMs(root, manifest);
  if (changedMs === undefined) return join(root, manifest.entry);
  return Date.now() - changedMs < restMs ? undefined : makeBundle(root);
}

function readManifest(root) {
  try {
    const manifest = JSON.parse(readFileSync(join(root, 'dist', 'bundle.json'), 'utf8'));
    // Somebody else may have made it, for himself alone, or its folder been removed.
    return existsSync(join(root, manifest.entry)) ? manifest : undefined;
  } catch {
    return undefined; // none has been made
  }
}

/** When an input was last changed that is not as the bundle has it, or undefined when all are as they were. */
function lastUnseenChangeMs(root, { inputs }) {
  let changedMs;
  for (const [path, bytes, modifiedMs] of inputs) {
    // Put together by hand: there are hundreds, and `join` takes longer than the look at the file.
    const stat = statSync(`${root}/${path}`, { throwIfNoEntry: false });
    if (stat !== undefined && stat.size === bytes && stat.mtimeMs === modifiedMs) continue;
    changedMs = Math.max(changedMs ?? 0, stat?.mtimeMs ?? Date.now());
  }
  return changedMs;
}

/** Needs the development dependencies. Whatever is in its way, the sources can be run instead, and say what is wrong. */
async function makeBundle(root) {
  try {
    const { bundle } = await import('../tools/bundling/bundle.ts');
    const made = bundle(root);
    return 'entry' in made ? join(root, made.entry) : undefined;
  } catch {
    return undefined;
  }
}
