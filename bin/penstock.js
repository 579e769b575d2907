#!/usr/bin/env node
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleFor } from './bundle.js';
import { enableCompileCache, runningNodeIsEnough, runWithPinnedNode } from './pinned-node.js';

if (runningNodeIsEnough()) {
  enableCompileCache();
  const root = fileURLToPath(new URL('..', import.meta.url));
  await import(pathToFileURL((await bundleFor(root)) ?? join(root, 'src/app/main.ts')).href);
} else {
  await runWithPinnedNode(fileURLToPath(import.meta.url), process.argv.slice(2));
}
