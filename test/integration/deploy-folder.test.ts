/** The folder `deploy/` is what src/install says, and agrees with the rest of the program. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isJsonList, isJsonObject, type JsonObject } from '../../src/base/json.ts';
import { deployFiles } from '../../src/install/deploy-folder.ts';
import { installParts } from '../../src/install/installation.ts';
import { defaultInstallOptions } from '../../src/install/install-options.ts';
import { logObjects } from '../../src/install/log-objects.ts';
import { webhookObjects } from '../../src/install/webhooks.ts';
import { webhookPaths } from '../../src/server/admission/admission-webhook.ts';
import { detailsPath } from '../../src/server/details-mount.ts';
import { parseYaml } from '../../src/yaml/parse-yaml.ts';
import { noKubectl } from '../support/kubectl.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'deploy');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
const options = defaultInstallOptions(version);

describe('deploy/', () => {
  it('is as `npm run deploy-manifests` would write it', () => {
    const files = deployFiles(options);
    const byHand = ['chart/Chart.yaml', 'chart/values.yaml', 'chart/values.schema.json', 'grafana/penstock.json'];
    const present = globSync('**/*.{yaml,json}', { cwd: folder }).filter((file) => !byHand.includes(file));
    assert.deepEqual(present.sort(), [...files.keys()].sort());
    for (const [file, text] of files) {
      assert.ok(
        readFileSync(path.join(folder, file), 'utf8') === text,
        `deploy/${file} is stale: npm run deploy-manifests`,
      );
    }
  });

  it('is read back as the objects it was made of', () => {
    const parts = installParts({ ...options, monitoring: true, newRepositories: true });
    const written = [...parts.flatMap(({ objects }) => objects), ...logObjects(options)];
    const read = [...deployFiles(options)]
      .filter(([file]) => !file.endsWith('kustomization.yaml') && !file.startsWith('chart/'))
      .flatMap(([file, text]) => parseYaml(text, file).documents.map(({ value }) => value));
    const text = (value: unknown): string => JSON.stringify(value);
    assert.deepEqual(read.map(text).sort(), written.map(text).sort());
  });

  it('is what kubectl builds', { skip: noKubectl }, () => {
    assert.deepEqual(identities(kustomize(folder)), identities(objectsOf('penstock')));
    assert.equal(kustomize(path.join(folder, 'monitoring')).length, 2);
    assert.equal(kustomize(path.join(folder, 'new-repositories')).length, 2);
  });

  it('has a variant that leaves pipelines to Tekton', { skip: noKubectl }, () => {
    const built = kustomize(path.join(folder, 'beside-tekton'));
    const wanted = objectsOf('tekton').filter(({ metadata }) => !isRepositoryCrd(metadata));
    assert.deepEqual(identities(built), identities(wanted));
    for (const object of built) {
      const same = wanted.find((other) => identityOf(other) === identityOf(object));
      assert.deepEqual(object, JSON.parse(JSON.stringify(same)), identityOf(object));
    }
  });

  it('asks the webhook where it answers', () => {
    const paths = webhookObjects(options).map(({ webhooks }) =>
      (webhooks as readonly JsonObject[]).map(({ clientConfig }) => {
        const { service } = clientConfig as { service: JsonObject };
        return service['path'];
      }),
    );
    assert.deepEqual(
      paths.map((list) => [...new Set(list)]),
      [[webhookPaths.mutate], [webhookPaths.validate]],
    );
  });
});

describe('the Ingress', () => {
  it('leads to the pages that statuses link to', () => {
    const objects = installParts({ ...options, ingress: { host: 'ci.example.com' } }).flatMap((part) => part.objects);
    const ingress = objects.find(({ kind }) => kind === 'Ingress');
    assert.ok(JSON.stringify(ingress?.['spec']).includes(`"path":"${detailsPath}"`));
  });
});

function objectsOf(engine: 'penstock' | 'tekton'): readonly JsonObject[] {
  return installParts({ ...options, engine })
    .filter(({ name }) => name !== 'dashboard')
    .flatMap(({ objects }) => objects);
}

function isRepositoryCrd(metadata: JsonObject['metadata']): boolean {
  return isJsonObject(metadata) && metadata['name'] === 'repositories.pipelinesascode.tekton.dev';
}

function identityOf({ kind, metadata }: JsonObject): string {
  return `${String(kind)}/${isJsonObject(metadata) ? String(metadata['name']) : ''}`;
}

function identities(objects: readonly JsonObject[]): readonly string[] {
  return objects.map(identityOf).sort();
}

function kustomize(directory: string): readonly JsonObject[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', directory], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, stderr);
  // Larger than what one file of a person may be: read document by document.
  const documents = stdout.split(/^---\n/m).flatMap((text) => parseYaml(text, directory).documents);
  return documents.map(({ value }) => {
    assert.ok(isJsonObject(value) && !isJsonList(value));
    return value;
  });
}
