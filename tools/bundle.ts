/**
 * `npm run bundle`: makes the bundle that `penstock` starts from, without waiting for a start to do so. See `bin/bundle.js`.
 */
import { join } from 'node:path';
import { bundle } from './bundling/bundle.ts';

const made = bundle(join(import.meta.dirname, '..'));
if ('changed' in made) throw new Error(`${made.changed} has only just been changed: try again`);
console.log(`${made.entry} is made from ${made.inputs.length} files`);
