/** SIGKILL at every boundary between a webhook and its final status, in virtual time. */
import { describe, it } from 'node:test';
import { GitWorld } from '../support/git-world/git-world.ts';
import { scenarioHosts } from '../support/git-world/hosts.ts';
import { killEverywhere } from '../support/git-world/kills.ts';

describe('a Penstock that is killed', () => {
  for (const host of scenarioHosts) {
    it(`leaves everything at ${host.name} as it would have been, wherever it dies`, () =>
      killEverywhere(host, (options) => GitWorld.embedded(options)));
  }
});
