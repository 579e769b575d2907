/** Our kinds on a real API server, by the CustomResourceDefinitions that `crdManifest` makes of them. */
import { sleep } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { isApiError } from '../../src/kube/api-error.ts';
import type { Condition, KubeObject } from '../../src/kube/object.ts';
import { customResourceDefinitions } from '../../src/schema/core/custom-resource-definition.ts';
import { crdManifest } from '../../src/schema/crd-manifest.ts';
import type { KindDefinition } from '../../src/schema/kind-definition.ts';
import { penstockKinds } from '../../src/schema/penstock/penstock-kinds.ts';
import { repositoryKind } from '../../src/schema/pipelines-as-code/repository.ts';
import { tektonKinds } from '../../src/schema/tekton/tekton-kinds.ts';

/** Every kind that Penstock brings along. */
export const ownKinds: readonly KindDefinition[] = [...tektonKinds, ...penstockKinds, repositoryKind];

const establishMsMax = 60_000;
const pollMs = 100;

/** A CustomResourceDefinition, as far as tests look at it. */
export interface InstalledKind extends KubeObject {
  readonly spec: JsonObject;
  readonly status?: { readonly conditions?: readonly Condition[]; readonly storedVersions?: readonly string[] };
}

/** Installs `kinds` where they are missing and resolves once the API serves them. Throws what the API says against one. */
export async function installKinds(
  client: ApiClient,
  kinds: readonly KindDefinition[] = ownKinds,
): Promise<readonly InstalledKind[]> {
  for (const kind of kinds) {
    const manifest = crdManifest(kind) as unknown as InstalledKind;
    try {
      await client.create(customResourceDefinitions, manifest);
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
    }
  }
  return Promise.all(kinds.map((kind) => established(client, kind)));
}

async function established(client: ApiClient, { type }: KindDefinition): Promise<InstalledKind> {
  const key = { namespace: '', name: `${type.resource}.${type.group}` };
  const endMs = systemClock.monotonicMs() + establishMsMax;
  for (;;) {
    const installed = (await client.get(customResourceDefinitions, key)) as InstalledKind;
    const conditions = installed.status?.conditions ?? [];
    // The path is served a moment after the condition is there.
    const isSaid = conditions.some(({ type: name, status }) => name === 'Established' && status === 'True');
    if (isSaid && (await serves(client, type))) return installed;
    if (systemClock.monotonicMs() > endMs) throw new Error(`${key.name}: ${JSON.stringify(conditions)}`);
    await sleep(systemClock, pollMs);
  }
}

async function serves(client: ApiClient, type: KindDefinition['type']): Promise<boolean> {
  try {
    await client.list(type, { limit: 1 });
    return true;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false;
    throw error;
  }
}
