/** The scenarios of Git events on a real API server: the same files, in real time. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { GitWorld } from '../support/git-world/git-world.ts';
import { scenarioHosts } from '../support/git-world/hosts.ts';
import { killEverywhere } from '../support/git-world/kills.ts';
import { allScenarios, play } from '../support/git-world/scenarios.ts';
import { installKinds } from '../support/installed-kinds.ts';
import { type RealApi, startRealApi } from '../support/real-api.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';

describe('Git events on a real API server', { skip: whyNoRealApi(), concurrency: 1 }, () => {
  let api: RealApi;
  let worlds = 0;
  before(async () => {
    api = await startRealApi();
    await installKinds(api.client);
  });
  after(() => api[Symbol.asyncDispose]());

  it('leaves everything as it would have been, wherever it is killed', async () => {
    const [host] = scenarioHosts;
    await killEverywhere(host ?? assert.fail(), (options) =>
      GitWorld.real(api.connect(), { ...options, suffix: `-${++worlds}` }),
    );
  });

  for (const [index, scenario] of allScenarios.entries()) {
    if (scenario.virtualOnly) continue;
    // One host after another: what differs between them has been seen in virtual time.
    const host = scenarioHosts[index % scenarioHosts.length];
    if (host === undefined) continue;
    it(`${scenario.name} (${host.name})`, () =>
      play(scenario, host, (options) => GitWorld.real(api.connect(), { ...options, suffix: `-${++worlds}` })));
  }
});
