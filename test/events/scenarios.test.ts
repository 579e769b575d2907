/** Every scenario on every simulated host, with the embedded API server, in virtual time. */
import { describe, it } from 'node:test';
import { GitWorld } from '../support/git-world/git-world.ts';
import { scenarioHosts } from '../support/git-world/hosts.ts';
import { allScenarios, play } from '../support/git-world/scenarios.ts';

for (const host of scenarioHosts) {
  describe(`Git events at ${host.name}`, () => {
    for (const scenario of allScenarios) {
      it(scenario.name, () => play(scenario, host, (options) => GitWorld.embedded(options)));
    }
  });
}
