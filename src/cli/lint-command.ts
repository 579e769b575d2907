import { builtinKinds } from '../schema/core/builtin-kinds.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import { formatDiagnostic } from '../yaml/diagnostic.ts';
import { type CliEnvironment, exitCodes } from './environment.ts';
import { loadManifests } from './manifest/load-manifests.ts';

/** `penstock lint PATH…`: says what is wrong in the files without running anything. */
export async function lintCommand(paths: readonly string[], { files, screen }: CliEnvironment): Promise<number> {
  const loaded = await loadManifests(paths, files, [...builtinKinds, ...tektonKinds]);
  for (const warning of loaded.warnings) screen.writeError(`warning: ${formatDiagnostic(warning)}\n`);
  const objects = `${loaded.manifests.length} ${loaded.manifests.length === 1 ? 'object' : 'objects'}`;
  screen.write(`${objects} in ${loaded.files.length} ${loaded.files.length === 1 ? 'file' : 'files'}: no errors\n`);
  return exitCodes.succeeded;
}
