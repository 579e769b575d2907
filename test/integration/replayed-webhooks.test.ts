/** A webhook whose body is proven and whose delivery id is not: repeated under another id it is still the same event. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../src/base/json.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { webhookFormats } from '../../src/forge/forges.ts';
import { eventIdentityOf, runNameOf } from '../../src/forge/kinds/identity.ts';
import type { GitEvent } from '../../src/forge/git-event.ts';
import { contestants } from '../forge/contestants.ts';
import type { SentWebhook, SimulatedHost } from '../support/git-hosts/simulated-host.ts';

/** Headers that name the delivery or the attempt to deliver it. */
const idHeader = /delivery|uuid|idempotency-key|request-id|attempt/i;

/** The same body under other ids. */
function renamed({ headers, body }: SentWebhook): SentWebhook {
  const changed = Object.entries(headers).map(([name, value]) => [
    name,
    idHeader.test(name) ? `changed-${value}` : value,
  ]);
  return { headers: Object.fromEntries(changed) as Record<string, string>, body };
}

function eventsOf(host: SimulatedHost, { headers, body }: SentWebhook): readonly GitEvent[] {
  const format = webhookFormats.find(({ kind }) => kind === host.kind) ?? assert.fail();
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const bytes = Buffer.from(body);
  assert.equal(format.verify({ headers: lower, body: bytes }, [host.webhookSecret]), host.webhookSecret);
  const said = format.normalise(lower, JSON.parse(body) as JsonObject);
  assert.ok(said.ok, JSON.stringify(said));
  return said.events;
}

/** The name of the run that a definition would have because of an event. */
function runName({ trigger, occurrence, revision, pullRequest }: GitEvent): string {
  const sha = revision?.sha ?? pullRequest?.headSha ?? '';
  const what = { definition: 'build', scope: 's', sha, collision: 0 };
  return runNameOf({ repositoryUid: 'uid', ...what, trigger, occurrence });
}

describe('webhooks that are repeated under another id', () => {
  for (const { name, start } of contestants.filter((contestant) => contestant.hosted)) {
    it(`of ${name} are the same events, and give the same runs`, async () => {
      await using host = await start(new VirtualClock());
      const project = host.addProject('team', 'app', { 'README.md': 'an app' });
      host.addUser('alice', { writes: [project] });
      host.commit(project, 'main', { a: '1' });
      const pushed = host.webhooks.push(project, 'main', 'alice');
      host.commit(project, 'feature', { b: '1' });
      const { number, webhook: opened } = host.webhooks.openPullRequest(project, { author: 'alice', head: 'feature' });
      host.commit(project, 'feature', { b: '2' });
      const synchronised = host.webhooks.synchronize(project, number, 'alice');
      const commented = host.webhooks.comment(project, number, '/test', 'alice');
      const all = [pushed, opened, synchronised, commented].map((webhook) => {
        const [event] = eventsOf(host, webhook);
        const [again] = eventsOf(host, renamed(webhook));
        assert.ok(event && again);
        assert.equal(eventIdentityOf(again), eventIdentityOf(event), webhook.body.slice(0, 80));
        assert.equal(runName(again), runName(event));
        return eventIdentityOf(event);
      });
      assert.equal(new Set(all).size, all.length, 'each of them is another event');
    });
  }
});
