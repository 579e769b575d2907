/** `node bin/with-node.js SCRIPT [ARGUMENT…]` runs a TypeScript file of this package with a Node that can. */
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { enableCompileCache, endWithLauncher, runningNodeIsEnough, runWithPinnedNode } from './pinned-node.js';

const [script, ...scriptArguments] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write('usage: node bin/with-node.js SCRIPT [ARGUMENT…]\n');
  process.exit(2);
}
if (runningNodeIsEnough()) {
  endWithLauncher();
  enableCompileCache();
  process.argv = [process.argv[0], resolve(script), ...scriptArguments];
  await import(pathToFileURL(resolve(script)).href);
} else {
  await runWithPinnedNode(fileURLToPath(import.meta.url), process.argv.slice(2));
}
