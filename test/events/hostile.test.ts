/** Hostile input, from the socket to what the host is shown. */
import { describe, it } from 'node:test';
import { GitWorld } from '../support/git-world/git-world.ts';
import { hostileScenarios } from '../support/git-world/hostile-scenarios.ts';
import { scenarioHosts } from '../support/git-world/hosts.ts';
import { play } from '../support/git-world/scenarios.ts';

for (const host of scenarioHosts) {
  describe(`hostile input at ${host.name}`, () => {
    for (const scenario of hostileScenarios) {
      it(scenario.name, () => play(scenario, host, (options) => GitWorld.embedded(options)));
    }
  });
}
