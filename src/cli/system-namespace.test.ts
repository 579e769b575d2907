import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../base/errors.ts';
import { createClient } from '../client/client.ts';
import { GateRig } from '../gate/gate-rig.ts';
import { installParts } from '../install/installation.ts';
import { defaultInstallOptions } from '../install/install-options.ts';
import { ApiStatusError, type StatusReason } from '../kube/api-error.ts';
import type { KubeObject } from '../kube/object.ts';
import { parseLabelSelector } from '../kube/selectors.ts';
import type { Transport } from '../kube/transport.ts';
import { findSystemNamespace } from './system-namespace.ts';

/** A cluster that has `items`, and answers questions about Services alone. */
function clusterWith(items: readonly KubeObject[], refusal?: StatusReason): Transport {
  return ({ path, query }) => {
    assert.equal(path, '/api/v1/services');
    if (refusal !== undefined) {
      const error = new ApiStatusError(refusal, 'no');
      return Promise.resolve({ status: error.status, headers: {}, body: { kind: 'json', value: error.toStatus() } });
    }
    const selector = parseLabelSelector(query['labelSelector'] ?? '');
    const chosen = items.filter(({ metadata }) => selector.matches(metadata.labels ?? {}));
    const value = { kind: 'ServiceList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: chosen };
    return Promise.resolve({ status: 200, headers: {}, body: { kind: 'json', value: value as never } });
  };
}

function servicesOf(namespace: string): readonly KubeObject[] {
  const objects = installParts({ ...defaultInstallOptions('1'), namespace }).flatMap((part) => part.objects);
  return objects.filter(({ kind }) => kind === 'Service') as unknown as readonly KubeObject[];
}

const other: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'x', name: 'y' } };

describe('findSystemNamespace', () => {
  it('finds an installation by its Services, wherever it is', async () => {
    const client = createClient(clusterWith([other, ...servicesOf('ci-system')]));
    assert.equal(await findSystemNamespace(client, undefined), 'ci-system');
  });

  it('asks nobody when it is said', async () => {
    const client = createClient(() => assert.fail('asked'));
    assert.equal(await findSystemNamespace(client, 'said'), 'said');
  });

  it('takes the usual one where there is none, where they may not be seen, and on the embedded server', async () => {
    const clusters = [clusterWith([other]), clusterWith([], 'Forbidden')].map((transport) => createClient(transport));
    for (const client of [...clusters, new GateRig(1).client]) {
      assert.equal(await findSystemNamespace(client, undefined), 'penstock');
    }
    await assert.rejects(
      findSystemNamespace(createClient(clusterWith([], 'Unauthorized')), undefined),
      ApiStatusError,
      'other refusals are told',
    );
  });

  it('does not choose among several', async () => {
    const client = createClient(clusterWith([...servicesOf('one'), ...servicesOf('two')]));
    await assert.rejects(
      findSystemNamespace(client, undefined),
      (thrown) => thrown instanceof UserError && thrown.code === 'SYSTEM_NAMESPACE' && /one, two/.test(thrown.message),
    );
  });
});
