import { parseYaml } from '../../yaml/parse-yaml.ts';
import { type CheckedManifests, checkManifests } from './check-manifests.ts';
import { servedKinds } from '../../schema/served-kinds.ts';

/** Manifests of a YAML text, for tests. */
export function checked(yaml: string): CheckedManifests {
  const { documents, diagnostics } = parseYaml(yaml, 'test.yaml');
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return checkManifests(documents, servedKinds);
}
