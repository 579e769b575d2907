import type { FileReader } from '../../base/file-system.ts';
import { servedKinds } from '../../schema/served-kinds.ts';
import type { Diagnostic } from '../../yaml/diagnostic.ts';
import { type Manifest, checkManifests } from './check-manifests.ts';
import { InvalidManifestsError } from './invalid-manifests.ts';
import { readManifests } from './read-manifests.ts';

/** Manifests without a fault that can be seen before anything runs. */
export interface LoadedManifests {
  readonly manifests: readonly Manifest[];
  readonly warnings: readonly Diagnostic[];
  readonly files: readonly string[];
}

/** Reads and checks the files at `paths`. Throws {@link InvalidManifestsError} with every fault found. */
export async function loadManifests(paths: readonly string[], reader: FileReader): Promise<LoadedManifests> {
  const read = await readManifests(paths, reader);
  const checked = checkManifests(read.documents, servedKinds);
  const errors = [...read.diagnostics, ...checked.errors];
  if (errors.length > 0) throw new InvalidManifestsError(errors);
  return { manifests: checked.manifests, warnings: checked.warnings, files: read.files };
}
