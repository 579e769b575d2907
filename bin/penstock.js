#!/usr/bin/env node
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleFor } from './bundle.js';
import { isInstalled, stripTypesBelow } from './installed.js';
import { enableCompileCache, endWithLauncher, runningNodeIsEnough, runWithPinnedNode } from './pinned-node.js';

if (runningNodeIsEnough()) {
  endWithLauncher();
  enableCompileCache();
  const root = fileURLToPath(new URL('..', import.meta.url));
  if (isInstalled(root)) stripTypesBelow(root);
  const bundle = isInstalled(root) ? undefined : await bundleFor(root);
  await import(pathToFileURL(bundle ?? join(root, 'src/app/main.ts')).href);
} else {
  await runWithPinnedNode(fileURLToPath(import.meta.url), process.argv.slice(2));
}
