/** Law 3: the link of a status leads to a page that explains it; and to nobody else than who was given the link. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ContainerPlan } from '../../src/executor/runtime/container-runtime.ts';
import type { SimulatedBehaviour } from '../../src/executor/simulated/simulated-runtime.ts';
import { secrets } from '../../src/kube/core-types.ts';
import type { DetailsPages } from '../../src/reports/details/create-details.ts';
import { detailsSecretName } from '../../src/forge/kinds/settings.ts';
import { createDetailsMount, detailsPath } from '../../src/server/details-mount.ts';
import { type Listener, startListener } from '../../src/server/listener.ts';
import { pipelineRuns } from '../../src/tekton/types.ts';
import { deliveries } from '../../src/forge/kinds/delivery.ts';
import { ApiFaults } from '../support/git-world/api-faults.ts';
import { definition } from '../support/git-world/definitions.ts';
import { GitWorld } from '../support/git-world/git-world.ts';
import { scenarioHosts } from '../support/git-world/hosts.ts';

const createRun = /^POST \/apis\/tekton\.dev\/v1\/namespaces\/team[^/]*\/pipelineruns$/;
const context = 'CI / build / main';

interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A real listener, whose pages are those of the world that is open. */
class Pages implements AsyncDisposable {
  static #pages: DetailsPages | undefined;
  static #listener: Listener | undefined;

  static async listen(): Promise<void> {
    const mount = createDetailsMount({ pages: (request) => (Pages.#pages ?? assert.fail('no world'))(request) });
    Pages.#listener = await startListener({ mount });
  }

  static async close(): Promise<void> {
    await Pages.#listener?.close();
  }

  static get address(): string {
    return `${Pages.#listener?.url ?? ''}${detailsPath}`;
  }

  readonly world: GitWorld;
  readonly faults: ApiFaults;
  readonly steps: SimulatedBehaviour[];

  private constructor(world: GitWorld, faults: ApiFaults, steps: SimulatedBehaviour[]) {
    this.world = world;
    this.faults = faults;
    this.steps = steps;
  }

  static async open(settings: Readonly<Record<string, string>> = {}): Promise<Pages> {
    const faults = new ApiFaults();
    const steps: SimulatedBehaviour[] = [];
    const behaviour = (_plan: ContainerPlan): SimulatedBehaviour => steps.shift() ?? { durationMs: 1_000 };
    const host = scenarioHosts.find(({ name }) => name.startsWith('Gitea')) ?? assert.fail('no such host');
    const world = await GitWorld.embedded({
      host: host.start,
      behaviour,
      disturb: faults.disturb,
      settings: { 'details-url': Pages.address, ...settings },
    });
    await world.startPenstock();
    Pages.#pages = world.pages();
    return new Pages(world, faults, steps);
  }

  /** Pushes a definition; answers the link of the status that it ends with. */
  async push(): Promise<string> {
    const { world } = this;
    const sha = world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build') });
    assert.equal(await world.send(world.host.webhooks.push(world.project, 'main', 'alice')), 202);
    await world.settled();
    const shown = world.shown(sha, context).at(-1);
    return shown?.url ?? assert.fail('no link');
  }

  async restart(): Promise<void> {
    this.world.killPenstock();
    await this.world.startPenstock();
    Pages.#pages = this.world.pages();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

async function see(url: string, init: RequestInit = {}): Promise<Seen> {
  const answer = await fetch(url, init);
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

async function seePlain(url: string): Promise<string> {
  const { status, text } = await see(url, { headers: { accept: 'text/plain' } });
  assert.equal(status, 200, text);
  return text;
}

describe('the page that a status leads to', () => {
  before(() => Pages.listen());
  after(() => Pages.close());

  it('tells of a run: what it is, its tasks, who asked for it, what to type', async () => {
    await using pages = await Pages.open();
    const url = await pages.push();
    assert.match(url, new RegExp(`^${RegExp.escape(Pages.address)}/runs/team/build-[0-9a-f]{10}/[\\w-]{22}$`));
    const text = await seePlain(url);
    const [run] = await pages.world.runs();
    assert.match(text, /^build, attempt 1\nSucceeded since \d{4}-/);
    for (const part of [`team/${run?.metadata.name ?? ''}`, 'by alice', 'Delivery:', 'work ', 'penstock logs build-']) {
      assert.ok(text.includes(part), `${part} in\n${text}`);
    }
    const html = await see(url);
    assert.equal(html.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(html.headers.get('referrer-policy'), 'no-referrer');
    assert.match(html.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/);
    const [, delivery = ''] = /href="(\.\.\/\.\.\/\.\.\/deliveries\/[^"]+)"/.exec(html.text) ?? [];
    assert.match(await seePlain(new URL(delivery, url).href), /Led to runs/);
  });

  it('has the words of the API server for a run that could not be made', async () => {
    await using pages = await Pages.open();
    const message = 'PipelineRun.tekton.dev "x" is invalid: spec.timeouts: Invalid value: "-1s"';
    pages.faults.next(createRun, { kind: 'refuse', code: 422, reason: 'Invalid', message }, 1_000);
    const url = await pages.push();
    assert.match(url, /\/details\/deliveries\/gitea-[0-9a-f]+\/[\w-]{22}$/);
    const text = await seePlain(url);
    assert.ok(text.includes(message), text);
    assert.match(text, /penstock delivery replay gitea-/);
    const [delivery] = await pages.world.deliveries();
    const place = { namespace: pages.world.systemNamespace, name: delivery?.metadata.name ?? '' };
    await pages.world.client.delete(deliveries, place);
    const kept = await seePlain(url);
    assert.match(kept, /is no longer there/);
    assert.ok(kept.includes(message), kept);
  });

  it('is there still when the run has gone', async () => {
    await using pages = await Pages.open();
    const url = await pages.push();
    const [run] = await pages.world.runs();
    await pages.world.client.delete(pipelineRuns, { namespace: 'team', name: run?.metadata.name ?? '' });
    await pages.world.settled();
    const text = await seePlain(url);
    assert.match(text, /The run team\/build-[0-9a-f]{10} is no longer there\. This is what its status says\./);
    assert.match(text, /Succeeded/);
  });

  it('is nowhere for who has no signature, another one, or that of another page', async () => {
    await using pages = await Pages.open();
    const url = await pages.push();
    const signature = url.slice(url.lastIndexOf('/') + 1);
    const bare = url.slice(0, url.lastIndexOf('/'));
    const other = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const [delivery] = await pages.world.deliveries();
    const forged = [
      bare,
      `${bare}/`,
      `${bare}/${other}`,
      `${bare}/${signature}/`,
      `${bare}/${signature}A`,
      `${bare}/${signature.slice(0, -1)}`,
      `${bare.replace('/runs/team/', '/runs/TEAM/')}/${signature}`,
      `${bare.replace('/runs/team/', '/runs/%74eam/')}/${signature}`,
      `${Pages.address}/deliveries/${delivery?.metadata.name ?? ''}/${signature}`,
      `${Pages.address}/deliveries/${delivery?.metadata.name ?? ''}`,
      Pages.address,
      `${Pages.address}/`,
      `${Pages.address}/%ff/%zz/a/b`,
      `${Pages.address}/runs/${'a/'.repeat(2_000)}`,
    ];
    for (const wrong of forged) {
      const { status, text } = await see(wrong);
      assert.deepEqual([status, text], [404, 'not found\n'], wrong);
    }
    assert.equal((await see(bare, { method: 'POST', body: 'x' })).status, 404);
    assert.equal((await see(url, { method: 'POST', body: 'x' })).status, 405);
    assert.deepEqual(
      [(await see(url, { method: 'HEAD' })).status, (await see(url, { method: 'HEAD' })).text],
      [200, ''],
    );
  });

  it('stays where it is over restarts, and goes with the key', async () => {
    await using pages = await Pages.open();
    const url = await pages.push();
    const { world } = pages;
    await pages.restart();
    assert.equal((await see(url)).status, 200);
    const place = { namespace: world.systemNamespace, name: detailsSecretName };
    const key = Buffer.from((await world.client.get(secrets, place)).data?.['key'] ?? '', 'base64').toString();
    assert.match(key, /^[0-9a-f]{64}$/);
    await world.client.delete(secrets, place);
    await world.pass(60_000);
    assert.equal((await see(url)).status, 404);
  });
});
