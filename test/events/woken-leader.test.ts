/** A leader that is paused in the middle of telling a host something, and wakes up when another one has told the end. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PausableProcess } from '../../src/controller/memory-leases.ts';
import { definition } from '../support/git-world/definitions.ts';
import { GitWorld } from '../support/git-world/git-world.ts';
import { scenarioHosts } from '../support/git-world/hosts.ts';

/** The host asks for a pause of this length, in seconds: it is over when the process wakes up. */
const askedSeconds = 10;
const minuteMs = 60_000;

for (const { name, start, words } of scenarioHosts) {
  describe(`a leader that wakes up, at ${name}`, () => {
    it('tells nothing any more', async () => {
      await using world = await GitWorld.embedded({ host: start, behaviour: () => ({ durationMs: 5_000 }) });
      const clock = world.virtual ?? assert.fail('virtual time');
      const paused = new PausableProcess(clock);
      const first = await world.startReplica('first', paused);
      await world.until(() => first.leads, 'the first one leads');
      const second = await world.startReplica('second', new PausableProcess(clock));
      const sha = world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build') });
      // What is told first has to wait, and the waiting is not over when the process is paused.
      const telling = /^(POST|PUT|PATCH) .*(status|check-runs|builds)/;
      world.host.faults.next(telling, { kind: 'status', code: 429, retryAfterSeconds: askedSeconds });
      const isTold = (line: string): boolean => telling.test(line);
      await world.during(second.receive(world.host.webhooks.push(world.project, 'main', 'alice')));
      await world.until(() => world.host.requests.some(isTold), 'the first one begins to tell');
      paused.pause();
      await world.settled();
      assert.ok(second.leads);
      const end = world.sequence(sha, 'CI / build / main');
      assert.equal(end.at(-1), words.succeeded);
      const toldBefore = world.host.requests.filter(isTold).length;
      // By now the pause that the host asked for is over.
      await world.pass(askedSeconds * 1_000);
      paused.resume();
      await world.pass(10 * minuteMs);
      assert.equal(world.host.requests.filter(isTold).length, toldBefore);
      assert.deepEqual(world.sequence(sha, 'CI / build / main'), end);
    });
  });
}
