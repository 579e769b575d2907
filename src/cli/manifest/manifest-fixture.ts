import { builtinKinds } from '../../schema/core/builtin-kinds.ts';
import { tektonKinds } from '../../schema/tekton/tekton-kinds.ts';
import { parseYaml } from '../../yaml/parse-yaml.ts';
import { type CheckedManifests, checkManifests } from './check-manifests.ts';

/** Manifests of a YAML text, for tests. */
export function checked(yaml: string): CheckedManifests {
  const { documents, diagnostics } = parseYaml(yaml, 'test.yaml');
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return checkManifests(documents, [...builtinKinds, ...tektonKinds]);
}
