/** The folder `deploy/`: an installation with the usual choices, for kubectl and for tools that keep manifests in Git. */
import type { JsonObject } from '../base/json.ts';
import { writeYaml, writeYamlDocuments } from '../yaml/write-yaml.ts';
import { chartFiles } from './chart.ts';
import { installParts } from './installation.ts';
import type { InstallOptions } from './install-options.ts';
import { logObjects } from './log-objects.ts';
import { writtenHeader } from './names.ts';

/** The files of `deploy/` by their path in it. */
export function deployFiles(options: InstallOptions): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const logs = { name: 'logs', objects: logObjects(options) };
  const parts = [...installParts({ ...options, monitoring: true, newRepositories: true }), logs];
  for (const { name, objects } of parts) {
    files.set(`${folderOf(name)}/${name}.yaml`, writtenHeader + writeYamlDocuments(objects));
  }
  for (const folder of [
    'base',
    'crds/penstock',
    'crds/tekton',
    'crds/pipelines-as-code',
    'monitoring',
    'new-repositories',
    'logs',
  ]) {
    const inside = parts.filter(({ name }) => folderOf(name) === folder).map(({ name }) => `${name}.yaml`);
    files.set(`${folder}/kustomization.yaml`, kustomization({ resources: inside }));
  }
  files.set('crds/kustomization.yaml', kustomization({ resources: ['penstock', 'tekton', 'pipelines-as-code'] }));
  files.set('kustomization.yaml', kustomization({ resources: ['crds', 'base'] }));
  files.set('beside-tekton/kustomization.yaml', besideTekton(options));
  for (const [path, text] of chartFiles(options)) files.set(`chart/${path}`, text);
  return files;
}

function folderOf(part: string): string {
  if (part.startsWith('crds-')) return `crds/${part.slice('crds-'.length)}`;
  if (part === 'new-repositories' || part === 'logs') return part;
  return part === 'service-monitor' || part === 'dashboard' ? 'monitoring' : 'base';
}

/** The same for a cluster where Tekton runs the pipelines: its CRDs are left alone, and so are its PipelineRuns. */
function besideTekton(options: InstallOptions): string {
  const changed = installParts({ ...options, engine: 'tekton' }).filter(({ name }) =>
    ['access', 'deployment', 'webhooks'].includes(name),
  );
  const before = new Map(
    installParts(options)
      .flatMap(({ objects }) => objects)
      .map((object) => [identityOf(object), JSON.stringify(object)]),
  );
  const patches = changed
    .flatMap(({ objects }) => objects)
    .filter((object) => before.get(identityOf(object)) !== JSON.stringify(object))
    .map(replacement);
  const resources = ['../crds/penstock', '../base'];
  return kustomization({ resources, patches: [...patches, ...removals(options)] });
}

function identityOf(object: JsonObject): string {
  const { name, namespace = '' } = object['metadata'] as { readonly name: string; readonly namespace?: string };
  return [object['kind'], namespace, name].join('/');
}

/** Replaces the whole of what differs: lists of rules and of webhooks are not merged as one would hope. */
function replacement(object: JsonObject): JsonObject {
  const { kind, metadata } = object;
  const target = { kind: kind ?? '', name: (metadata as JsonObject)['name'] ?? '' };
  const members = Object.entries(object).filter(([member]) => !['apiVersion', 'kind'].includes(member));
  const patch = members.map(([member, value]) => ({ op: 'replace', path: `/${member}`, value: value ?? null }));
  return { target, patch: writeYaml(patch) };
}

function removals(options: InstallOptions): readonly JsonObject[] {
  const identities = (engine: InstallOptions['engine']): readonly string[] =>
    installParts({ ...options, engine })
      .filter(({ name }) => folderOf(name) === 'base')
      .flatMap(({ objects }) => objects.map(identityOf));
  const kept = identities('tekton');
  return identities('penstock')
    .filter((identity) => !kept.includes(identity))
    .map((identity) => {
      const [kind = '', , name = ''] = identity.split('/');
      const patch = { $patch: 'delete', apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name } };
      return { target: { kind, name }, patch: writeYaml(patch) };
    });
}

function kustomization(members: JsonObject): string {
  return (
    writtenHeader + writeYaml({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...members })
  );
}
