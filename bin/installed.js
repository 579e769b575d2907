/**
 * Lets an installed package run from its sources.
 *
 * Node strips the types of a checkout by itself, but of nothing below `node_modules`: there this file asks it to. An
 * installed package has no bundler either, and so no bundle.
 */
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Whether `root` is the folder of a package that was installed, rather than a checkout. */
export function isInstalled(root) {
  return root.split(sep).includes('node_modules');
}

/** From here on the sources below `root` can be imported, wherever that is. Needs the Node that runs the sources. */
export function stripTypesBelow(root) {
  const below = pathToFileURL(root).href.replace(/\/*$/, '/src/');
  announceNothing(() => nodeModule.stripTypeScriptTypes(''));
  nodeModule.registerHooks({
    load(url, context, nextLoad) {
      if (!url.startsWith(below) || !url.endsWith('.ts')) return nextLoad(url, context);
      const source = nodeModule.stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'));
      return { format: 'module', source, shortCircuit: true };
    },
  });
}

/** Node says at the first call, and then no more, that the function is an experiment: nothing that a person can mend. */
function announceNothing(firstCall) {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    firstCall();
  } finally {
    process.emitWarning = emitWarning;
  }
}
