import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import { ControllerLoad } from './controller-load.ts';
import type { Workplace } from './penstock-process.ts';

/** A controller is killed within so many milliseconds after it began to work. */
const lifeMsMax = 700;

/**
 * Kills the controller of a server `kills` times at random moments, each time with a run just accepted, and lets a last one
 * bring everything to its end. Throws unless every verdict is right, no step ran twice unasked, and nothing is left behind.
 */
export async function crashControllers(workplace: Workplace, kills: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  await using load = await ControllerLoad.start(workplace, `crashes-${seed}`);
  for (let kill = 0; kill < kills; kill++) {
    const controller = load.controller('--leader-elect', 'false');
    await load.accept();
    await controller.until(/^Penstock controls /m);
    await wait(random.integer(0, lifeMsMax));
    await controller.kill();
  }
  const last = load.controller('--leader-elect', 'false');
  assert.equal(await load.check(), kills);
  last.signal('SIGTERM');
  const { code, stderr } = await last.ended;
  assert.equal(code, 0, stderr);
}
