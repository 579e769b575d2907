import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiClient } from '../../client/api-client.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { ResolvedTask } from '../../tekton/task-run/contract.ts';
import type { TaskRun } from '../../tekton/types.ts';
import { singleNodeClaims } from './single-node-claims.ts';

const modes: Readonly<Record<string, readonly string[]>> = {
  one: ['ReadWriteOnce'],
  many: ['ReadWriteMany'],
  both: ['ReadWriteOnce', 'ReadOnlyMany'],
};

/** Answers reads of claims, and nothing else. */
const client = {
  async get(_type: unknown, { name }: { readonly name: string }) {
    if (!modes[name]) throw new ApiStatusError('NotFound', `no claim ${name}`);
    return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: { accessModes: modes[name] } };
  },
} as unknown as ApiClient;

const task = {
  workspaces: ['one', 'many', 'both', 'later', 'one'].map((claimName, index) => ({
    name: `w${index}`,
    persistentVolumeClaim: { claimName },
  })),
} as unknown as ResolvedTask;

function runOf(ownerKind: string | undefined): TaskRun {
  const owner = { apiVersion: 'tekton.dev/v1', kind: ownerKind ?? '', name: 'o', uid: 'o', controller: true };
  const ownerReferences = ownerKind === undefined ? [] : [owner];
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { namespace: 'a', name: 'r', ownerReferences },
    spec: {},
  };
}

describe('singleNodeClaims', () => {
  it('names the claims that one node mounts, or may turn out to be of that kind', async () => {
    assert.deepEqual(await singleNodeClaims(client, runOf('PipelineRun'), task), ['one', 'later']);
  });

  it('asks nothing for a run that stands alone', async () => {
    assert.deepEqual(await singleNodeClaims(client, runOf(undefined), task), []);
  });
});
