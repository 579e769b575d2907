import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import { events, type KubeEvent, secrets } from '../../kube/core-types.ts';
import { keyOf } from '../../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../../tekton/types.ts';
import { definition, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

const minute = 60_000;

/** Runs of `count` commits to main, all finished, newest last. */
async function finished(
  count: number,
  options: {
    readonly keep?: string;
    readonly settings?: Readonly<Record<string, string>>;
    readonly report?: 'delivered' | 'undelivered';
  },
): Promise<{ readonly rig: PlannerRig; readonly names: readonly (string | undefined)[] }> {
  const rules = options.keep === undefined ? onPush : { ...onPush, 'max-keep-runs': options.keep };
  const files = { '.tekton/build.yaml': definition('build', rules) };
  const rig = await PlannerRig.create(files, options.settings === undefined ? {} : { settings: options.settings });
  const names: (string | undefined)[] = [];
  for (let index = 0; index < count; index++) {
    rig.app.commit('main', { a: String(index) });
    await rig.deliver(rig.push());
    await rig.pass(2_000);
    const run = (await rig.runs()).at(-1) as PipelineRun;
    names.push(run.metadata.name);
    if (options.report !== undefined) await rig.report(run, 'succeeded', options.report === 'delivered');
    await rig.finish(run);
    await rig.pass(2_000);
  }
  return { rig, names };
}

async function left(rig: PlannerRig): Promise<readonly (string | undefined)[]> {
  return (await rig.runs()).map(({ metadata }) => metadata.name);
}

describe('finished runs', () => {
  it('are kept as many as the annotation says, the newest ones', async () => {
    const { rig, names } = await finished(4, { keep: '2', report: 'delivered' });
    assert.deepEqual(await left(rig), names.slice(2));
  });

  it('are kept as many as the settings say where the annotation says nothing, and never more than their limit', async () => {
    const standard = await finished(3, { settings: { 'default-max-keep-runs': '1' }, report: 'delivered' });
    assert.deepEqual(await left(standard.rig), standard.names.slice(2));
    const limited = await finished(3, {
      keep: '9',
      settings: { 'max-keep-run-upper-limit': '2' },
      report: 'delivered',
    });
    assert.deepEqual(await left(limited.rig), limited.names.slice(1));
    const zero = { 'default-max-keep-runs': '0', 'max-keep-run-upper-limit': '0' };
    for (const options of [{}, { settings: zero }, { keep: '5', settings: zero }]) {
      const all = await finished(3, { ...options, report: 'delivered' });
      assert.equal((await left(all.rig)).length, 3, JSON.stringify(options));
    }
  });

  it('stay until their status is delivered', async () => {
    const { rig } = await finished(3, { keep: '1', report: 'undelivered' });
    await rig.pass(3 * 60 * minute);
    assert.equal((await left(rig)).length, 3);
  });

  it('that nobody reports go after an hour', async () => {
    const { rig, names } = await finished(2, { keep: '1' });
    assert.equal((await left(rig)).length, 2);
    await rig.pass(62 * minute);
    assert.deepEqual(await left(rig), names.slice(1));
  });
});

describe('the credential of a run', () => {
  const files = { '.tekton/build.yaml': definition('build', onPush) };

  async function token(rig: PlannerRig): Promise<string> {
    const [secret] = await rig.secrets();
    return Buffer.from(secret?.data?.['git-provider-token'] ?? '', 'base64').toString();
  }

  it('is renewed before it expires while the run waits, and left alone once it is over', async () => {
    const rig = await PlannerRig.create(files);
    const issue = (name: string): void => {
      rig.host.token = { token: name, expiresAt: new Date(rig.clock.now() + 60 * minute).toISOString() };
    };
    issue('first');
    await rig.deliver(rig.push());
    await rig.pass(30 * minute);
    assert.equal(await token(rig), 'first');
    issue('second');
    await rig.pass(17 * minute);
    assert.equal(await token(rig), 'second');
    const [secret] = await rig.secrets();
    assert.match(Buffer.from(secret?.data?.['.git-credentials'] ?? '', 'base64').toString(), /git:second@github\.com/);
    const [run] = await rig.runs();
    await rig.finish(run as PipelineRun);
    issue('third');
    await rig.pass(120 * minute);
    assert.equal(await token(rig), 'second');
  });

  it('is not put into a Secret that was made for something else: the run gets another name', async () => {
    const rig = await PlannerRig.create(files);
    rig.interfere = async (request, next) => {
      if (request.method === 'POST' && request.path.endsWith('/secrets')) {
        rig.interfere = (other, onward) => onward(other);
        const { metadata } = request.body as { metadata: { name: string } };
        const theirs = {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: metadata.name, namespace: 'ci' },
          stringData: { theirs: 'x' },
        };
        await rig.client.create(secrets, theirs);
      }
      return next(request);
    };
    await rig.deliver(rig.push());
    await rig.pass();
    const [run] = await rig.runs();
    const ours = run?.metadata.annotations?.[runKeys.gitAuthSecret] ?? '';
    const all = await rig.secrets();
    assert.equal(all.length, 2);
    const theirs = all.find(({ metadata }) => metadata.name !== ours);
    assert.equal(theirs?.metadata.ownerReferences, undefined);
    assert.deepEqual(Object.keys(theirs?.data ?? {}), ['theirs']);
    assert.equal(run?.metadata.annotations?.[penstockKeys.attempt], '2');
  });

  it('does not come to runs that want none', async () => {
    const rig = await PlannerRig.create(files, { settings: { 'secret-auto-create': 'false' } });
    await rig.deliver(rig.push());
    await rig.pass();
    const [run] = await rig.runs();
    assert.equal(run?.metadata.annotations?.[runKeys.gitAuthSecret], undefined);
    assert.equal((await rig.secrets()).length, 0);
    assert.ok(run !== undefined);
    await rig.client.get(pipelineRuns, keyOf(run));
  });
});

async function toldEvents(rig: PlannerRig): Promise<readonly KubeEvent[]> {
  return (await rig.client.list(events, { namespace: 'ci' })).items;
}

describe('people are told', () => {
  it('what is odd about a definition and the params, though it runs', async () => {
    const odd = definition('build', onPush, 'echo {{ cel: body.nothing.here }}');
    const repository = { params: [{ name: 'level', value: 'x', filter: 'body ==' }] };
    const rig = await PlannerRig.create({ '.tekton/build.yaml': odd }, { repository });
    await rig.deliver(rig.push());
    await rig.pass();
    assert.equal((await rig.runs()).length, 1);
    const told = await toldEvents(rig);
    assert.match(
      told.find(({ reason }) => reason === 'DefinitionWarnings')?.message ?? '',
      /build: \.tekton\/build\.yaml:1: /,
    );
    assert.match(told.find(({ reason }) => reason === 'ParamsError')?.message ?? '', /filter of "level"/);
  });

  it('by Events on the Repository, and by metrics', async () => {
    const rig = await PlannerRig.create({ '.tekton/build.yaml': definition('build', onPush) });
    for (let index = 0; index < 30; index++) await rig.deliver(rig.push('main', { occurrence: String(index) }));
    await rig.deliver(rig.push('main', { occurrence: '0' }));
    await rig.pass();
    const told = await toldEvents(rig);
    assert.ok(told.length > 0 && told.length <= 20, String(told.length));
    assert.ok(
      told.every(({ involvedObject }) => involvedObject.kind === 'Repository' && involvedObject.name === 'app'),
    );
    const text = await rig.metrics.text();
    assert.match(text, /penstock_events_total\{reason="Planned"\} 30/);
    assert.match(text, /penstock_events_total\{reason="Duplicate"\} 1/);
    assert.match(text, /penstock_deliveries_unfinished 0/);
    assert.match(text, /penstock_event_runs_total\{outcome="created"\} 30/);
  });
});
