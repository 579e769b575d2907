import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiStatusError } from '../../kube/api-error.ts';
import { secrets, serviceAccounts } from '../../kube/core-types.ts';
import { TaskRunBench } from './bench.ts';

const taskSpec = { steps: [{ name: 'a', image: 'x', script: 'true' }] };
const key = { namespace: 'ns', name: 'git' } as const;

function benchWith(account: string, serviceAccountName?: string): TaskRunBench {
  const bench = new TaskRunBench({ taskSpec, ...(serviceAccountName ? { serviceAccountName } : {}) });
  bench.api.put(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'ns', name: account },
    secrets: [{ name: 'git' }],
  });
  return bench;
}

function putSecret(bench: TaskRunBench): void {
  bench.api.put(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/basic-auth',
    metadata: { ...key, annotations: { 'tekton.dev/git-0': 'https://example.com' } },
    data: { username: 'bWU=', password: 'aHVzaA==' },
  });
}

const mounted = (bench: TaskRunBench): boolean =>
  bench.pod().spec.volumes?.some(({ secret }) => secret?.secretName === 'git') === true;

describe('credentials of the service account', () => {
  it('are mounted into the pod, and nothing of them stands in it', async () => {
    const bench = benchWith('robot', 'robot');
    putSecret(bench);
    await bench.pass();
    assert.equal(mounted(bench), true);
    assert.doesNotMatch(JSON.stringify(bench.pod()), /bWU=|aHVzaA==|hush/);
  });

  it('of the default account come from the cache, at no cost without Secrets', async () => {
    const plain = new TaskRunBench({ taskSpec });
    await plain.pass();
    assert.deepEqual(plain.calls(), ['create pods/run-pod']);
    const bench = benchWith('default');
    putSecret(bench);
    await bench.pass();
    assert.deepEqual(bench.calls(), ['get secrets/git', 'create pods/run-pod']);
    assert.equal(mounted(bench), true);
  });

  it('that do not exist are worth a warning', async () => {
    const bench = benchWith('robot', 'robot');
    await bench.pass();
    assert.deepEqual(bench.warnings, ['MissingSecret']);
    bench.kubelet.run(bench.pod());
    await bench.settle();
    assert.equal(bench.verdict, 'True/Succeeded');
  });

  it('that may not be read end the run, which would fail for no visible reason without them', async () => {
    const bench = benchWith('robot', 'robot');
    bench.api.before = (call) => {
      if (call === 'get secrets/git') throw new ApiStatusError('Forbidden', 'secrets "git" is forbidden');
    };
    await bench.settle();
    assert.equal(bench.verdict, 'False/PodCreationFailed');
    assert.match(bench.message, /cannot read the credentials of the service account: secrets "git" is forbidden/);
  });
});
