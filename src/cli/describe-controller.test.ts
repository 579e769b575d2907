import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ControllerOptions } from './environment.ts';
import { typeProgram } from './testing/typed-program.ts';

/** Types `words` after `penstock controller`, and interrupts it at once. */
async function type(...words: readonly string[]) {
  let stopped = 0;
  const asked: ControllerOptions[] = [];
  const said = await typeProgram(['controller', ...words], {
    onInterrupt(listener) {
      listener();
      return () => undefined;
    },
    control: async (options) => {
      asked.push(options);
      const stop = async (): Promise<void> => void stopped++;
      return Promise.resolve({ server: 'https://rig', identity: 'me_1', healthUrl: 'http://127.0.0.1:1', stop });
    },
  });
  // What it does about a failure is none of the options.
  const options = Object.fromEntries(Object.entries(asked[0] ?? {}).filter(([name]) => name !== 'onFailure'));
  return { ...said, options, stopped };
}

describe('penstock controller', () => {
  it('runs everything and elects a leader unless told otherwise, and stops when asked', async () => {
    const { code, options, output, stopped } = await type();
    assert.deepEqual(options, {
      controllers: ['engine', 'gate', 'triggers', 'reports'],
      engine: 'penstock',
      lease: { name: 'penstock-controller', leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 },
    });
    assert.match(output, /^Penstock controls https:\/\/rig as me_1\nIts health is at http:\/\/127.0.0.1:1\/readyz\n$/);
    assert.deepEqual([code, stopped], [0, 1]);
  });

  it('hands on what it is told', async () => {
    const { options } = await type(
      ...['--kubeconfig', 'k', '--context', 'c', '--controllers=gate', '--engine', 'tekton', '-n', 'ci'],
      ...['--lease-name', 'l', '--lease-namespace=n', '--lease-duration', '1m', '--renew-deadline', '40s'],
      ...['--retry-period', '5s', '--health-port', '8081', '--health-host='],
    );
    assert.deepEqual(options, {
      kubeconfig: 'k',
      context: 'c',
      controllers: ['gate'],
      engine: 'tekton',
      namespace: 'ci',
      systemNamespace: 'n',
      lease: { name: 'l', namespace: 'n', leaseMs: 60_000, renewMs: 40_000, retryMs: 5_000 },
      health: { host: '', port: 8081 },
    });
    const alone = (await type('--leader-elect=false', '--lease-namespace=n')).options;
    assert.deepEqual([alone.lease, alone.systemNamespace], [undefined, 'n']);
    assert.equal((await type('--lease-namespace=n', '--system-namespace=s')).options.systemNamespace, 's');
    assert.deepEqual((await type('--controllers', 'none')).options.controllers, []);
  });

  it('refuses what makes no sense, in words', async () => {
    const refused = async (words: readonly string[], complaint: RegExp): Promise<void> => {
      const { code, errors, options } = await type(...words);
      assert.deepEqual([code, options], [2, {}]);
      assert.match(errors, complaint);
    };
    await refused(['--leader-elect', 'perhaps'], /it is true or false/);
    await refused(['--controllers', 'engine,motor'], /"motor" is none of engine, gate/);
    await refused(['--lease-duration', '10s'], /longer than --renew-deadline/);
    await refused(['--lease-duration', '15500ms'], /whole seconds/);
    await refused(['--retry-period', '6s'], /twice --retry-period/);
    await refused(['--retry-period', '-1s'], /written as 15s/);
    await refused(['--engine', 'other'], /Allowed choices are penstock, tekton/);
  });
});
