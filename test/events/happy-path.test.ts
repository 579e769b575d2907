/** One event after another, with nothing in the way: what hosts are shown, from the webhook on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import { startGitlab } from '../support/git-hosts/gitlab/simulated-gitlab.ts';
import { GitWorld } from '../support/git-world/git-world.ts';
import { definition } from '../support/git-world/definitions.ts';

const hosts = [
  { name: 'Gitea', host: (clock: Clock) => startGitea({ clock }), states: ['pending', 'success'] },
  { name: 'GitLab', host: (clock: Clock) => startGitlab({ clock }), states: ['pending', 'running', 'success'] },
] as const;

for (const { name, host, states } of hosts)
  describe(`a push at ${name}`, () => {
    it('runs what matches, and shows it', async () => {
      await using world = await GitWorld.embedded({ host });
      await world.startPenstock();
      const sha = world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build') });
      assert.equal(await world.send(world.host.webhooks.push(world.project, 'main', 'alice')), 202);
      await world.settled();
      assert.deepEqual(world.sequence(sha, 'CI / build / main'), states);
      assert.equal((await world.runs()).length, 1);
    });
  });
