import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { VirtualClock } from '../../base/virtual-clock.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { GateRig } from '../../gate/gate-rig.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import { type Delivery, type DeliverySpec, type DeliveryStatus, deliveries } from '../../forge/kinds/delivery.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { namespaces } from '../../kube/core-types.ts';
import { type Said, connectionTo, typeProgram } from '../testing/typed-program.ts';

const pushed: GitEvent = {
  trigger: 'push',
  forge: 'github',
  eventType: 'push',
  occurrence: 'pushed at noon',
  project: { url: 'https://github.com/team/app', owner: 'team', name: 'app' },
  actor: { login: 'alice' },
  push: { ref: 'refs/heads/main' },
  revision: { sha: '1a2b3c4d5e'.padEnd(40, '0') },
};

/** A real API in memory with Deliveries; nothing works on them. */
class Rig {
  readonly #api: GateRig = new GateRig(1);
  readonly clock: VirtualClock = this.#api.clock;
  readonly client: ApiClient = this.#api.client;

  static async create(): Promise<Rig> {
    const rig = new Rig();
    await rig.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'penstock' } });
    return rig;
  }

  async store(name: string, spec: Partial<DeliverySpec> = {}, status?: DeliveryStatus): Promise<Delivery> {
    const stored = await this.client.create(deliveries, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'Delivery',
      metadata: { name, namespace: 'penstock' },
      spec: {
        forge: 'github',
        deliveryId: `id-of-${name}`,
        eventName: 'push',
        bodyHash: '0'.repeat(64),
        receivedAt: new Date(this.clock.now()).toISOString(),
        events: [pushed],
        headers: {},
        ...spec,
      },
    });
    return status === undefined ? stored : this.client.updateStatus(deliveries, { ...stored, status });
  }

  type(...words: readonly string[]): Promise<Said> {
    const connection = connectionTo(this.client, 'https://rig');
    return typeProgram(['delivery', ...words], { clock: this.clock, connect: () => Promise.resolve(connection) });
  }
}

const done: DeliveryStatus = {
  phase: 'Done',
  tries: 2,
  outcomes: [{ event: 0, reason: 'Planned', message: '1 run' }],
  runs: [
    {
      event: 0,
      namespace: 'ci',
      repository: 'app',
      definition: 'build',
      name: 'build-0123456789',
      attempt: 1,
      series: 's',
      sha: '1a2b3c4d5e'.padEnd(40, '0'),
      scope: 'refs/heads/main',
      target: { project: pushed.project, sha: '1a2b3c4d5e'.padEnd(40, '0'), context: 'CI / build / main' },
      occurrence: 'o',
      eventType: 'push',
      outcome: 'created',
    },
  ],
};

describe('penstock delivery list', () => {
  it('shows the newest first, what they are about, and what became of them', async () => {
    const rig = await Rig.create();
    await rig.store('github-old', {}, done);
    await rig.clock.advance(60_000);
    const pullRequestNumber = 12;
    const { push: _push, revision: _revision, ...rest } = pushed;
    await rig.store('github-new', { events: [{ ...rest, trigger: 'comment', pullRequestNumber }, pushed] });
    await rig.clock.advance(5_000);
    const { code, output } = await rig.type('list');
    assert.equal(code, 0);
    assert.equal(
      output,
      [
        'NAME         EVENT         PROJECT    ABOUT             PHASE     OUTCOME   RUNS   AGE',
        'github-new   github push   team/app   #12 and 1 more    Pending   -         0      5.0s',
        'github-old   github push   team/app   main 1a2b3c4d5e   Done      Planned   1      1m05s',
        '',
      ].join('\n'),
    );
    const wide = await rig.type('list', '-o', 'wide');
    assert.match(wide.output, /id-of-github-old +GitHub App +2 +1 run/);
  });

  it('takes a Repository, a phase and a limit', async () => {
    const rig = await Rig.create();
    await rig.store('github-a', {}, done);
    await rig.store('github-b', { verifiedBy: 'other/web' });
    const names = async (...words: readonly string[]): Promise<readonly string[]> => {
      const { output } = await rig.type('list', '-o', 'json', ...words);
      return output
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as Delivery).metadata.name ?? '');
    };
    assert.deepEqual(await names('-r', 'app'), ['github-a']);
    assert.deepEqual(await names('-r', 'ci/app'), ['github-a']);
    assert.deepEqual(await names('-r', 'other/web'), ['github-b']);
    assert.deepEqual(await names('-r', 'other/app'), []);
    assert.deepEqual(await names('--phase', 'Pending'), ['github-b']);
    const { output, errors } = await rig.type('list', '--limit', '1');
    assert.equal(output.trimEnd().split('\n').length, 2);
    assert.match(errors, /and 1 older/);
    assert.equal((await names('--limit', '0')).length, 2);
    assert.equal((await rig.type('list', '--limit', 'x')).code, 2);
    assert.equal((await rig.type('list', '--phase', 'x')).code, 2);
  });

  it("looks only where it is told, and in Penstock's own namespace for somebody who may not see all", async () => {
    const rig = await Rig.create();
    await rig.store('github-a');
    const refused = new ApiStatusError('Forbidden', 'not in all namespaces');
    const all = rig.client.list.bind(rig.client);
    rig.client.list = (type, options) =>
      options?.namespace === undefined ? Promise.reject(refused) : all(type, options);
    assert.match((await rig.type('list')).output, /github-a/);
    assert.match((await rig.type('list', '--system-namespace', 'penstock')).output, /github-a/);
    assert.equal((await rig.type('list', '--system-namespace', 'elsewhere')).output, 'nothing came in\n');
    const none = await rig.type('show', 'github-a', '--system-namespace', 'elsewhere');
    assert.match(none.errors, /there is no delivery/);
  });

  it('says so when there is nothing', async () => {
    const rig = await Rig.create();
    assert.equal((await rig.type('list')).output, 'nothing came in\n');
  });
});

describe('penstock delivery show', () => {
  it('tells all, by a name or its beginning', async () => {
    const rig = await Rig.create();
    const data = gzipSync('{"ref":"main"}').toString('base64');
    await rig.store('github-0123', { payload: { encoding: 'gzip+base64', bytes: 14, data } }, done);
    await rig.clock.advance(1_000);
    const { output } = await rig.type('show', 'github-01');
    assert.equal(
      output,
      [
        'Name:        github-0123',
        'Received:    2026-01-01T00:00:00.000Z, 1.0s ago',
        'Event:       github push',
        'Delivery id: id-of-github-0123',
        'Verified by: GitHub App',
        'Body:        14 bytes: --body shows it',
        'Phase:       Done after 2 tries',
        '',
        'Events',
        '  EVENT   TYPE   PROJECT    ABOUT             BY      OUTCOME   WHY',
        '  0       push   team/app   main 1a2b3c4d5e   alice   Planned   1 run',
        '',
        'Runs',
        '  EVENT   DEFINITION   RUN                   ATTEMPT   OUTCOME   MESSAGE',
        '  0       build        ci/build-0123456789   1         created   -',
        '',
        'To let it happen once more: penstock delivery replay github-0123',
        '',
      ].join('\n'),
    );
    assert.equal((await rig.type('show', 'github-0123', '--body')).output, '{"ref":"main"}');
    assert.match((await rig.type('show', 'github-0123', '-o', 'yaml')).output, /^ {2}name: github-0123$/m);
  });

  it('refuses names that mean none or several, and a body that was not kept', async () => {
    const rig = await Rig.create();
    await rig.store('github-01', { payloadOmitted: 'the body was too large to keep' });
    await rig.store('github-02');
    const none = await rig.type('show', 'gitlab');
    assert.deepEqual([none.code, none.errors.split('\n')[0]], [2, 'error: there is no delivery "gitlab"']);
    assert.match((await rig.type('show', 'github')).errors, /several deliveries begin with "github"/);
    assert.match((await rig.type('show', 'github-01', '--body')).errors, /was not kept\n.*too large/);
  });
});

describe('penstock delivery replay', () => {
  it('makes a new one of the same events, each another occurrence', async () => {
    const rig = await Rig.create();
    const original = await rig.store('github-01', { verifiedBy: 'ci/app' }, done);
    await rig.clock.advance(1_000);
    const { code, output } = await rig.type('replay', 'github-01');
    assert.equal(code, 0);
    await rig.clock.advance(1_000);
    const [, again = ''] = /as (\S+)/.exec(output) ?? [];
    await rig.type('replay', again);
    const all = (await rig.client.list(deliveries)).items.toSorted((a, b) =>
      a.spec.receivedAt < b.spec.receivedAt ? -1 : 1,
    );
    assert.deepEqual(
      all.map(({ spec }) => [spec.replayOf, spec.events[0]?.occurrence]),
      [
        [undefined, 'pushed at noon'],
        ['github-01', 'pushed at noon replayed 2026-01-01T00:00:01.000Z'],
        [again, 'pushed at noon replayed 2026-01-01T00:00:02.000Z'],
      ],
    );
    const [, replayed] = all;
    assert.equal(replayed?.status, undefined);
    assert.equal(replayed?.spec.verifiedBy, 'ci/app');
    assert.deepEqual(replayed.spec.events[0]?.revision, original.spec.events[0]?.revision);
  });
});
