import { formatDiagnostic } from '../yaml/diagnostic.ts';
import { type CliEnvironment, exitCodes } from './environment.ts';
import { InvalidManifestsError } from './manifest/invalid-manifests.ts';
import { lintManifests } from './manifest/lint-manifests.ts';
import { loadManifests } from './manifest/load-manifests.ts';

/** `penstock lint PATH…`: says what is wrong in the files without running anything. */
export async function lintCommand(paths: readonly string[], { files, screen }: CliEnvironment): Promise<number> {
  const loaded = await loadManifests(paths, files);
  const lint = lintManifests(loaded.manifests);
  if (lint.errors.length > 0) throw new InvalidManifestsError(lint.errors);
  for (const warning of [...loaded.warnings, ...lint.warnings])
    screen.writeError(`warning: ${formatDiagnostic(warning)}\n`);
  const objects = `${loaded.manifests.length} ${loaded.manifests.length === 1 ? 'object' : 'objects'}`;
  screen.write(`${objects} in ${loaded.files.length} ${loaded.files.length === 1 ? 'file' : 'files'}: no errors\n`);
  return exitCodes.succeeded;
}
