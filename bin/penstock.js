#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { enableCompileCache, runningNodeIsEnough, runWithPinnedNode } from './pinned-node.js';

if (runningNodeIsEnough()) {
  enableCompileCache();
  await import('../src/app/main.ts');
} else {
  await runWithPinnedNode(fileURLToPath(import.meta.url), process.argv.slice(2));
}
