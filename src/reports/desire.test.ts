import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { context, otherSha, project, ReportRig, sha } from '../../test/support/report-rig.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import { commitStatuses } from '../forge/kinds/commit-status.ts';
import { configMaps } from '../kube/core-types.ts';
import { keyOf } from '../kube/object.ts';
import { keptMs } from './desire-reconciler.ts';
import { excerptMsMax } from './excerpts.ts';

const minute = 60_000;

async function running(): Promise<ReportRig> {
  const rig = new ReportRig();
  await rig.repository();
  await rig.start();
  return rig;
}

/** A run that fails, and whose log is this. */
async function failing(rig: ReportRig, log: string | Error): Promise<void> {
  rig.readLog = () => (typeof log === 'string' ? Promise.resolve(log) : Promise.reject(log));
  await rig.failingRun('build-1');
}

describe('what is to be shown', () => {
  it('has the state of each end', async () => {
    for (const [reason, annotations, expected] of [
      ['Succeeded', {}, 'succeeded'],
      ['Completed', {}, 'succeeded'],
      ['Failed', {}, 'failed'],
      ['PipelineRunTimeout', {}, 'timed_out'],
      ['EvidenceLost', {}, 'lost'],
      ['Cancelled', { 'penstock.dev/cancelled-by': 'ada' }, 'cancelled'],
      ['Cancelled', { 'penstock.dev/cancelled-by': 'ada', 'penstock.dev/superseded-by': 'build-2' }, 'superseded'],
      ['CouldntGetPipeline', {}, 'error'],
      ['PipelineValidationFailed', {}, 'error'],
    ] as const) {
      const rig = await running();
      await rig.run('build-1', { annotations });
      await rig.end('build-1', reason);
      await rig.settle(minute);
      assert.equal(rig.host.states(context).at(-1), expected, reason);
      const { report } = (await rig.only()).spec;
      if (expected === 'cancelled') assert.equal(report.title, 'Cancelled by ada');
      if (expected === 'superseded') assert.equal(report.title, 'Superseded by build-2');
      if (expected === 'error') assert.match(report.text, /it is/);
    }
  });

  it('says where a waiting run stands', async () => {
    const rig = await running();
    await rig.run('build-1', {
      annotations: { 'penstock.dev/queue': 'position 3 in gate "default"' },
      spec: { pipelineRef: { name: 'p' }, status: 'PipelineRunPending' },
    });
    await rig.settle();
    const { report } = (await rig.only()).spec;
    assert.deepEqual([report.state, report.title], ['queued', 'position 3 in gate "default"']);
  });

  it('quotes the end of the failed step, without secrets, and finds lines of files', async () => {
    const rig = await running();
    await rig.secret('deploy', { key: 'opensesame' });
    await rig.secret('more', { any: 'swordfish' });
    await failing(
      rig,
      'first\n./src/a.ts:12:3: opensesame is wrong\nswordfish, hunter2-token ``` </details>\nlast\n\n',
    );
    await rig.settle(minute);
    const { report } = (await rig.only()).spec;
    assert.equal(report.title, 'Task "test" failed: step "unit" exited with code 2');
    assert.match(report.text, /\| test \| Failed \| 5s \|/);
    assert.match(
      report.text,
      /````text\n\.\/src\/a\.ts:12:3: \*\*\* is wrong\n\*\*\*, \*\*\* ``` <\/details>\nlast\n````/,
    );
    assert.deepEqual(report.annotations, [{ path: 'src/a.ts', line: 12, message: '*** is wrong', level: 'failure' }]);
    assert.doesNotMatch(JSON.stringify(await rig.statuses()), /opensesame|swordfish|hunter2/);
  });

  it('says why there is no log, and does not wait for it', async () => {
    for (const [log, expected] of [
      [new ApiStatusError('NotFound', 'pods "x" not found'), 'pods "x" not found'],
      ['', 'its log is empty'],
    ] as const) {
      const rig = await running();
      await failing(rig, log);
      await rig.settle(1_000);
      assert.equal(rig.host.states(context).at(-1), 'failed');
      assert.ok((await rig.only()).spec.report.text.includes(expected), (await rig.only()).spec.report.text);
    }
    const rig = await running();
    await failing(rig, 'never read');
    rig.readLog = () => new Promise(() => undefined);
    await rig.settle(excerptMsMax - 1_000);
    assert.deepEqual(rig.host.states(context), ['queued', 'running'].slice(-rig.host.states(context).length));
    await rig.settle(2_000);
    assert.equal(rig.host.states(context).at(-1), 'failed');
    assert.match((await rig.only()).spec.report.text, /log not available: it could not be read within 10 s/);
  });

  it('quotes nothing when it cannot know what to mask', async () => {
    const rig = await running();
    rig.observe = ({ path }) => {
      if (path.endsWith('/secrets/deploy')) throw new ApiStatusError('Forbidden', 'secrets "deploy" is forbidden');
    };
    await failing(rig, 'opensesame');
    await rig.settle(1_000);
    const { report } = (await rig.only()).spec;
    assert.equal(rig.host.states(context).at(-1), 'failed');
    assert.match(report.text, /log not available: the secrets to be masked in it could not be read: secrets "deploy"/);
    assert.doesNotMatch(report.text, /opensesame/);
  });

  it('keeps the words of an end, whatever is gone later', async () => {
    const rig = await running();
    await failing(rig, 'the last line');
    await rig.settle();
    const before = (await rig.only()).spec;
    rig.readLog = () => Promise.reject(new Error('the pod is gone'));
    await rig.annotate('build-1', { some: 'thing' });
    await rig.restart();
    await rig.settle(minute);
    await rig.deleteRun('build-1');
    await rig.settle(minute);
    assert.deepEqual((await rig.only()).spec, before);
  });

  it('follows the settings', async () => {
    const rig = await running();
    await rig.client.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name: 'pipelines-as-code' },
      data: { 'tekton-dashboard-url': 'https://dash.test', 'error-log-snippet': 'false' },
    });
    await rig.settle(11_000);
    await failing(rig, 'the last line');
    await rig.settle();
    const { report } = (await rig.only()).spec;
    assert.equal(report.detailsUrl, 'https://dash.test/#/namespaces/default/pipelineruns/build-1');
    assert.match(
      report.text,
      /\[test\]\(https:\/\/dash\.test\/#\/namespaces\/default\/pipelineruns\/build-1\?pipelineTask=test\)/,
    );
    assert.doesNotMatch(report.text, /the last line/);
    assert.ok(report.text.endsWith(`[Details](${report.detailsUrl ?? ''})`));
  });
});

describe('runs that are gone', () => {
  it('are cancelled when they had not ended', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.begin('build-1');
    await rig.settle();
    await rig.deleteRun('build-1');
    await rig.settle();
    assert.equal(rig.host.states(context).at(-1), 'cancelled');
    assert.equal((await rig.only()).spec.report.title, 'Cancelled: the run was deleted before it was seen to end');
  });

  it('are cancelled when they were deleted while nobody watched', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.begin('build-1');
    await rig.settle();
    rig.kill();
    await rig.deleteRun('build-1');
    await rig.settle(minute);
    await rig.start();
    await rig.settle();
    assert.equal(rig.host.states(context).at(-1), 'cancelled');
  });

  it('are not taken for gone when another run has their name', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.begin('build-1');
    await rig.settle();
    rig.kill();
    await rig.deleteRun('build-1');
    await rig.run('build-1');
    await rig.begin('build-1');
    await rig.start();
    await rig.settle();
    await rig.end('build-1');
    await rig.settle(minute);
    assert.deepEqual(
      rig.host.states(context).filter((state) => state !== 'queued'),
      ['running', 'succeeded'],
    );
  });

  it('that ended just before are shown as they ended', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.settle();
    // Both changes come before the process has written the first.
    await rig.end('build-1', 'Failed');
    await rig.deleteRun('build-1');
    await rig.settle(minute);
    assert.equal(rig.host.states(context).at(-1), 'failed');
  });

  it('leave their CommitStatus for a month, and no longer', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.end('build-1');
    await rig.settle();
    rig.clock.jump(keptMs);
    await rig.restart();
    await rig.settle(minute);
    assert.equal((await rig.statuses()).length, 1, 'its run is there');
    await rig.deleteRun('build-1');
    await rig.settle(minute);
    assert.equal((await rig.statuses()).length, 0);
    assert.deepEqual(rig.host.states(context).at(-1), 'succeeded');
  });
});

describe('CommitStatuses', () => {
  it('are made again when somebody deletes them, without a second post', async () => {
    const rig = await running();
    await rig.run('build-1');
    await rig.end('build-1');
    await rig.settle();
    const posts = rig.host.calls.filter((call) => call.startsWith('post')).length;
    await rig.client.delete(commitStatuses, keyOf(await rig.only()));
    await rig.restart();
    await rig.settle(minute);
    assert.equal((await rig.only()).status?.acknowledged?.evidence, 'read');
    assert.equal(rig.host.calls.filter((call) => call.startsWith('post')).length, posts);
  });

  it('are one for each context, commit and Repository', async () => {
    const rig = await running();
    await rig.run('a');
    await rig.run('b', { target: { context: 'CI / other / main' } });
    await rig.run('c', { target: { sha: otherSha } });
    await rig.run('d', { attempt: 2 });
    await rig.settle();
    const found = (await rig.statuses()).map(
      ({ spec }) => `${spec.report.sha === sha} ${spec.report.context} ${spec.attempt}`,
    );
    assert.deepEqual(found.sort(), [
      'false CI / build / main 1',
      'true CI / build / main 2',
      'true CI / other / main 1',
    ]);
    assert.ok((await rig.statuses()).every(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'Repository'));
  });

  it('come of notices, and give way to the run of a later attempt', async () => {
    const rig = await running();
    const notice = {
      target: { project, sha, context },
      namespace: 'default',
      repository: 'app',
      attempt: 1,
      externalId: 'd-1',
      state: 'awaiting_approval',
      title: 'Waiting for /ok-to-test',
      text: 'Somebody with write access has to approve.',
    } as const;
    await rig.notice(notice);
    await rig.settle();
    await rig.run('build-1', { attempt: 2 });
    await rig.begin('build-1');
    await rig.end('build-1');
    await rig.settle(minute);
    assert.deepEqual(
      [rig.host.states(context)[0], rig.host.states(context).at(-1)],
      ['awaiting_approval', 'succeeded'],
    );
  });

  it('of runs without a target that can be read are not made', async () => {
    const rig = await running();
    await rig.run('a', { annotations: { 'penstock.dev/status-target': '{"sha":' } });
    await rig.run('b', { annotations: { 'penstock.dev/status-target': '{"sha":"1","context":"c","project":{}}' } });
    await rig.settle();
    assert.equal((await rig.statuses()).length, 0);
  });

  it('put the last five runs into the Repository', async () => {
    const rig = await running();
    for (let attempt = 1; attempt <= 7; attempt++) {
      await rig.run(`build-${attempt}`, { attempt });
      await rig.end(`build-${attempt}`);
      await rig.settle();
    }
    const history = await rig.history();
    assert.deepEqual(
      history.map((entry) => entry['pipelineRunName']),
      ['build-3', 'build-4', 'build-5', 'build-6', 'build-7'],
    );
    assert.equal(history[0]?.['sha'], sha);
  });

  it('put what ends soon after another run into the Repository together with it', async () => {
    const rig = await running();
    let writes = 0;
    rig.observe = ({ method, path }) =>
      void (writes += method === 'PATCH' && path.endsWith('/repositories/app') ? 1 : 0);
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) {
      const target = { context: `ci/${name}` };
      await rig.run(name, { target });
      await rig.end(name);
    }
    await rig.settle(minute);
    const history = await rig.history();
    assert.deepEqual(new Set(history.map((entry) => entry['pipelineRunName'])), new Set(names));
    assert.equal(writes, 2);
    await rig.run('e', { target: { context: 'ci/e' } });
    await rig.end('e');
    await rig.settle();
    assert.equal((await rig.history()).at(-1)?.['pipelineRunName'], 'e');
    assert.equal(writes, 3);
  });
});
