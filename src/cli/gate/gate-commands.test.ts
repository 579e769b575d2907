import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GateRig } from '../../gate/gate-rig.ts';
import { stateOf } from '../../gate/run-facts.ts';
import {
  type Gate,
  type GateSpec,
  bumpKey,
  gates,
  managedGateKey,
  priorityKey,
  repositoryKey,
} from '../../gate/types.ts';
import { namespaces } from '../../kube/core-types.ts';
import { type PipelineRun, pipelineRuns } from '../../tekton/types.ts';
import { type Said, connectionTo, typeProgram } from '../testing/typed-program.ts';

/** Types `words` after `penstock`; the server is the rig's. */
function type(rig: GateRig, ...words: readonly string[]): Promise<Said> {
  const connection = connectionTo(rig.client, 'https://rig');
  return typeProgram(words, { clock: rig.clock, connect: () => Promise.resolve(connection) });
}

async function rigWith(spec: GateSpec): Promise<GateRig> {
  const rig = new GateRig(1);
  await rig.gate('default', spec);
  await rig.start(0);
  return rig;
}

const of = (repository: string): Partial<PipelineRun['metadata']> => ({ labels: { [repositoryKey]: repository } });

async function stateOfRun(rig: GateRig, name: string): Promise<string> {
  return stateOf(await rig.client.get(pipelineRuns, { namespace: 'default', name }));
}

describe('penstock queue', () => {
  it('lists who waits, where, for what', async () => {
    const rig = await rigWith({ maxRunning: 2, maxRunningPerRepository: 1 });
    for (const name of ['a', 'b', 'c']) await rig.create(name, of('app'));
    await rig.create('d', { ...of('lib'), annotations: { [priorityKey]: '3' } });
    await rig.create('e', of('lib'));
    await rig.clock.advance(65_000);
    const { code, output } = await type(rig, 'queue');
    assert.equal(code, 0);
    assert.equal(
      output,
      [
        'POSITION   NAMESPACE   NAME   GATE      LIMIT   PRIORITY   AGE     REASON',
        '1          default     b      default   2       0          1m05s   2 of 2 slots taken in gate "default", 1 of 1 of its repository running; 1st for repository app',
        '2          default     c      default   2       0          1m05s   2 of 2 slots taken in gate "default", 1 of 1 of its repository running; 2nd for repository app',
        '3          default     e      default   2       0          1m05s   2 of 2 slots taken in gate "default", 1 of 1 of its repository running; 1st for repository lib',
        '',
      ].join('\n'),
    );
  });

  it('writes one JSON object a run, and takes a gate and a namespace', async () => {
    const rig = await rigWith({ maxRunning: 1, paused: true });
    await rig.create('a', { ...of('app'), annotations: { [bumpKey]: '2' } });
    await rig.clock.advance(9_400);
    const { output } = await type(rig, 'queue', '--gate', 'default', '-n', 'default', '-o', 'json');
    const { uid, ...row } = JSON.parse(output) as Record<string, unknown>;
    assert.equal(typeof uid, 'string');
    assert.deepEqual(row, {
      namespace: 'default',
      name: 'a',
      repository: 'app',
      gates: ['default'],
      gate: 'default',
      position: 1,
      limit: 0,
      reason: 'gate "default" is paused; 1st for repository app',
      priority: 0,
      bump: 2,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ageSeconds: 9,
    });
    assert.equal((await type(rig, 'queue', '-n', 'other')).output, 'no run waits\n');
    const wrong = await type(rig, 'queue', '--gate', 'other');
    assert.deepEqual([wrong.code, wrong.errors], [2, 'error: there is no gate "other"\n  there are: default\n']);
  });

  it('shows the order that the gate then keeps, whatever its order is', async () => {
    for (const spec of [
      { order: 'FIFO' },
      { order: 'Priority' },
      { order: 'FairShare', weights: { app: 2 } },
    ] as const) {
      const rig = await rigWith({ ...spec, maxRunning: 9, paused: true });
      for (let index = 0; index < 9; index++) {
        const repository = index < 5 ? 'app' : index < 7 ? 'lib' : 'web';
        const annotations = { [priorityKey]: String(index % 3), ...(index === 8 ? { [bumpKey]: '1' } : {}) };
        await rig.create(`run-${index}`, { ...of(repository), annotations });
        await rig.clock.advance(1_000);
      }
      const rows = (await type(rig, 'queue', '-o', 'json')).output.trim().split('\n');
      const shown = rows.map((row) => (JSON.parse(row) as { name: string }).name);
      assert.equal((await type(rig, 'gate', 'resume', 'default')).code, 0);
      await rig.clock.advance(1_000);
      const { status } = await gateOf(rig);
      assert.deepEqual(
        status?.slots?.map(({ name }) => name),
        shown,
        spec.order,
      );
    }
  });

  it('says why a run of two gates waits, and which run no gate will ever start', async () => {
    const rig = new GateRig(1);
    await rig.gate('all', { maxRunning: 2 });
    await rig.gate('heavy', { maxRunning: 1, selector: { matchLabels: { heavy: 'yes' } } });
    await rig.start(0);
    for (const name of ['h1', 'h2', 'h3']) await rig.create(name, { labels: { heavy: 'yes' } });
    const pending = { status: 'PipelineRunPending', pipelineRef: { name: 'p' } } as const;
    const metadata = { namespace: 'default', name: 'own', annotations: { [managedGateKey]: 'none' } };
    await rig.client.create(pipelineRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata,
      spec: pending,
    });
    await rig.clock.advance(1_000);
    const rows = (await type(rig, 'queue', '-o', 'json')).output.trim().split('\n');
    assert.deepEqual(
      rows.map((row) => {
        const shown = JSON.parse(row) as Record<string, unknown>;
        return ['name', 'position', 'gates', 'reason'].map((member) => shown[member]);
      }),
      [
        ['h2', 1, ['all', 'heavy'], '1 of 1 slot taken in gate "heavy"'],
        ['h3', 2, ['all', 'heavy'], '1 of 1 slot taken in gate "heavy"'],
        ['own', undefined, [], 'was made pending, and no gate governs it'],
      ],
    );
  });
});

async function gateOf(rig: GateRig): Promise<Gate> {
  return rig.client.get(gates, { namespace: '', name: 'default' });
}

describe('penstock gate', () => {
  it('lists, shows, pauses and resumes', async () => {
    const rig = await rigWith({ maxRunning: 1, maxRunningPerBranch: 1, namespaces: ['default', 'ci'] });
    for (const name of ['a', 'b']) await rig.create(name);
    await rig.clock.advance(70_000);
    assert.equal(
      (await type(rig, 'gate', 'list')).output,
      'NAME      RUNNING   LIMIT   WAITING   OLDEST   ORDER      REASON\n' +
        'default   1         1       1         1m10s    Priority   maxRunning is 1\n',
    );
    assert.equal(
      (await type(rig, 'gate', 'show', 'default')).output,
      [
        'gate            default',
        'governs         runs in default, ci',
        'limit           1: maxRunning is 1',
        'per branch      1',
        'order           Priority',
        'on delete       Release',
        'running         1',
        'waiting         1, the oldest for 1m10s',
        '',
        'NAMESPACE   RUNNING   REPOSITORY   SINCE',
        'default     a         -            -',
        '',
        'POSITION   NAMESPACE   NAME   GATE      LIMIT   PRIORITY   AGE     REASON',
        '1          default     b      default   1       0          1m10s   1 of 1 slot taken in gate "default"',
        '',
      ].join('\n'),
    );
    assert.equal(
      (await type(rig, 'gate', 'pause', 'default')).output,
      'gate "default" is paused: nothing starts; 1 run waits\n',
    );
    assert.equal((await gateOf(rig)).spec.paused, true);
    assert.match((await type(rig, 'gate', 'pause', 'default')).output, /is paused already/);
    assert.equal((await type(rig, 'gate', 'resume', 'default')).output, 'gate "default" is open; 1 run waits\n');
    assert.equal((await gateOf(rig)).spec.paused, false);
  });

  it('bumps a run before all others, also before those bumped earlier', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b', 'c', 'd']) await rig.create(name);
    await rig.clock.advance(10);
    assert.equal((await type(rig, 'gate', 'bump', 'c')).code, 0);
    const again = await type(rig, 'gate', 'bump', 'default/d');
    assert.match(again.output, /^default\/d comes before all other runs that wait \(1 of 1 slot taken/);
    await rig.clock.advance(10);
    for (const expected of ['d', 'c', 'b']) {
      const running = (await rig.runs()).find((run) => stateOf(run) === 'running');
      await rig.finish(running as PipelineRun);
      await rig.clock.advance(10);
      assert.equal(await stateOfRun(rig, expected), 'running');
    }
  });

  it('starts a run whatever the limit, which then counts', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    for (const name of ['a', 'b', 'c']) await rig.create(name);
    await rig.clock.advance(10);
    const { code, output } = await type(rig, 'gate', 'start', 'c');
    assert.deepEqual(
      [code, output],
      [0, 'default/c starts now, whatever the limits; it counts in gate "default" all the same\n'],
    );
    assert.equal(await stateOfRun(rig, 'c'), 'running');
    await rig.clock.advance(10);
    const a = await rig.client.get(pipelineRuns, { namespace: 'default', name: 'a' });
    await rig.finish(a);
    await rig.clock.advance(10_000);
    assert.equal(await stateOfRun(rig, 'b'), 'waiting', 'c has the slot');
  });

  it('refuses with reasons, and exit code 2', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    await rig.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
    for (const name of ['a', 'b']) await rig.create(name);
    await rig.create('b', { namespace: 'other' });
    await rig.clock.advance(10);
    const cases: readonly (readonly [words: readonly string[], errors: RegExp])[] = [
      [['gate', 'bump', 'x'], /there is no PipelineRun "x" in any namespace\n.*`penstock queue` lists/],
      [['gate', 'bump', 'x,y=z'], /there is no PipelineRun "x,y=z" in any namespace/],
      [['gate', 'start', 'x', '-n', 'ci'], /there is no PipelineRun "x" in namespace "ci"/],
      [['gate', 'start', 'b'], /PipelineRuns "b" in several namespaces: default, other\n.*-n default/],
      [['gate', 'start', 'a'], /PipelineRun "default\/a" does not wait: it has been started/],
      [['gate', 'bump', 'a'], /PipelineRun "default\/a" does not wait: it has been started/],
      [['gate', 'pause', 'x'], /there is no gate "x"\n.*`penstock gate list` lists them/],
      [['gate', 'show', 'x'], /there is no gate "x"/],
      [['gate', 'bump'], /missing required argument 'run'/],
      [['queue', '-o', 'yaml'], /argument 'yaml' is invalid. Allowed choices are table, json/],
    ];
    for (const [words, errors] of cases) {
      const said = await type(rig, ...words);
      assert.equal(said.code, 2, words.join(' '));
      assert.match(said.errors, errors);
      assert.equal(said.output, '');
    }
    assert.equal((await type(rig, 'gate', 'start', 'other/b')).code, 0);
  });

  it('tells in the words of the server what it refuses', async () => {
    const rig = await rigWith({ maxRunning: 1 });
    const broken = { spec: { paused: true, maxRunning: 0 } };
    await rig.client.patch(gates, { namespace: '', name: 'default' }, broken, { type: 'merge' });
    const said = await type(rig, 'gate', 'resume', 'default');
    assert.equal(said.code, 2);
    assert.match(said.errors, /^error: https:\/\/rig answers: .*no run could ever start/);
  });
});
