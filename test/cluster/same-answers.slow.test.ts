/** The same scenarios on the embedded API server and on a real one: what differs is a fault of the embedded one. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createApiServer, type ApiServer } from '../../src/apiserver/api-server.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { builtinKinds } from '../../src/schema/core/builtin-kinds.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { readScenarios } from '../scenarios/reads.ts';
import { ruleScenarios } from '../scenarios/rules.ts';
import { Caller, type Recorded, type Scenario } from '../scenarios/scenario.ts';
import { shapeScenarios } from '../scenarios/shapes.ts';
import { writeScenarios } from '../scenarios/writes.ts';
import { installKinds, ownKinds } from '../support/installed-kinds.ts';
import { type RealApi, startRealApi } from '../support/real-api.ts';
import { whyNoRealApi } from '../support/real-api-binaries.ts';

const scenarios = [...writeScenarios, ...readScenarios, ...shapeScenarios, ...ruleScenarios];

describe('the embedded API server and a real one', { skip: whyNoRealApi(), timeout: 200_000 }, () => {
  let real: RealApi;
  let embedded: ApiServer;

  before(async () => {
    // What these fill in serves a scheduler and storage, which the embedded home has not.
    real = await startRealApi({
      withoutPlugins: ['DefaultTolerationSeconds', 'Priority', 'StorageObjectInUseProtection'],
    });
    await installKinds(real.client);
    embedded = createApiServer({
      store: createMemoryStore(),
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      kinds: [...builtinKinds, ...ownKinds],
    });
    await embedded.start();
  });
  after(async () => {
    await embedded.stop();
    await real[Symbol.asyncDispose]();
  });

  for (const [index, scenario] of scenarios.entries()) {
    describe(scenario.name, () => {
      let answers: { readonly theirs: readonly Recorded[]; readonly ours: readonly Recorded[] };
      before(async () => {
        const namespace = `scenario-${index}-n`;
        const theirs = await recordOn(real.connect(), namespace, scenario);
        const ours = await recordOn(embedded.handle, namespace, scenario);
        answers = { theirs, ours };
      });

      it('is asked the same', () => {
        const labels = answers.theirs.map(({ label }) => label);
        assert.deepEqual(
          answers.ours.map(({ label }) => label),
          labels,
        );
        assert.equal(new Set(labels).size, labels.length, 'a label stands for one call');
        for (const label of Object.keys(scenario.differs ?? {})) assert.ok(labels.includes(label), label);
      });

      it('answers the same', () => {
        const differing = answers.theirs.filter((theirs, at) => !isSame(theirs, answers.ours[at]));
        const wrong = differing.filter(({ label }) => scenario.differs?.[label] === undefined);
        const told = wrong.map(({ label }) => label);
        const pick = (recorded: readonly Recorded[]) => recorded.filter(({ label }) => told.includes(label));
        assert.deepEqual(pick(answers.ours), pick(answers.theirs));
        // A difference that is gone is no difference: its entry goes, too.
        const stale = Object.keys(scenario.differs ?? {}).filter(
          (label) => !differing.some((one) => one.label === label),
        );
        assert.deepEqual(stale, []);
      });
    });
  }
});

function isSame(a: Recorded, b: Recorded | undefined): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

async function recordOn(transport: Transport, namespace: string, scenario: Scenario): Promise<readonly Recorded[]> {
  const caller = new Caller(transport, namespace);
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const headers = { 'content-type': 'application/json' };
  const made = await transport({ method: 'POST', path: '/api/v1/namespaces', query: {}, headers, body });
  assert.equal(made.status, 201);
  await scenario.run(caller);
  return caller.recorded;
}
