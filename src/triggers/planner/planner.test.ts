import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import { definition, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

describe('a push', () => {
  it('leads to the runs of its definitions, with all their metadata and a Secret of their own', async () => {
    const rig = await PlannerRig.create({ '.tekton/build.yaml': definition('build', onPush) });
    const name = await rig.deliver(rig.push());
    await rig.pass();

    const status = await rig.status(name);
    assert.equal(status.phase, 'Done', JSON.stringify(status));
    const [run, ...others] = await rig.runs();
    assert.equal(others.length, 0);
    assert.match(run?.metadata.name ?? '', /^build-[0-9a-f]{10}$/);
    assert.equal(run?.metadata.namespace, 'ci');
    const { labels, annotations, uid } = run.metadata;
    assert.equal(labels?.[runKeys.originalName], 'build');
    assert.equal(labels[runKeys.repository], 'app');
    assert.equal(labels[runKeys.state], 'started');
    assert.equal(annotations?.[penstockKeys.attempt], '1');
    assert.equal(annotations[runKeys.sourceBranch], 'refs/heads/main');
    const target = JSON.parse(annotations[penstockKeys.statusTarget] ?? '') as { context: string; sha: string };
    assert.equal(target.context, 'Pipelines as Code CI / build / main');
    assert.equal(target.sha, rig.app.resolve('main')?.sha);
    assert.deepEqual(
      status.runs?.map(({ outcome, uid: runUid, name: runName }) => ({ outcome, runUid, runName })),
      [{ outcome: 'created', runUid: uid, runName: run.metadata.name }],
    );
    const [secret] = await rig.secrets();
    assert.equal(secret?.metadata.name, annotations[runKeys.gitAuthSecret]);
    assert.equal(secret?.metadata.ownerReferences?.[0]?.uid, uid);
    assert.equal(Buffer.from(secret?.data?.['git-provider-token'] ?? '', 'base64').toString(), 'ghs_narrow-token');
  });

  it('does not take from .tekton what only Penstock may say of a run', async () => {
    const written = JSON.parse(definition('build', { ...onPush, 'pull-request': '7', 'max-keep-runs': '3' })) as {
      metadata: { annotations: Record<string, string>; labels?: Record<string, string> };
    };
    Object.assign(written.metadata.annotations, {
      'penstock.dev/managed-gate': 'none',
      'penstock.dev/priority': '5',
      'penstock.dev/cancelled-by': 'nobody',
      'example.org/own': 'kept',
    });
    written.metadata.labels = { [runKeys.repository]: 'another', [penstockKeys.line]: 'x' };
    const rig = await PlannerRig.create({ '.tekton/build.yaml': JSON.stringify(written) });
    await rig.deliver(rig.push());
    await rig.pass();

    const [run] = await rig.runs();
    const { annotations = {}, labels = {} } = run?.metadata ?? {};
    assert.equal(annotations['penstock.dev/managed-gate'], undefined);
    assert.equal(annotations['penstock.dev/cancelled-by'], undefined);
    assert.equal(annotations[runKeys.pullRequest], undefined);
    assert.equal(annotations['penstock.dev/priority'], '5');
    assert.equal(annotations['example.org/own'], 'kept');
    assert.equal(annotations[runKeys.maxKeepRuns], '3');
    assert.equal(labels[runKeys.repository], 'app');
    assert.match(labels[penstockKeys.line] ?? '', /^[0-9a-f]{32}$/);
  });
});
