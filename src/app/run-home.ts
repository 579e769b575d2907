import { rmSync } from 'node:fs';
import { systemClock } from '../base/system-clock.ts';
import { systemRandom } from '../base/system-random.ts';
import type { Home, RunHomeOptions } from '../cli/environment.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { startEmbedded } from './embedded.ts';
import type { ProcessEnvironment } from './environment.ts';
import { processLogger } from './logging.ts';
import { makeRunFolder, ownProcessFacts, sweepRunFolders } from './run-folder.ts';
import { checkRuntime, createRuntime } from './runtime.ts';

/** A Penstock for one command: nothing of it is left afterwards but what steps wrote to folders of the person's own. */
export async function openRunHome(options: RunHomeOptions, environment: ProcessEnvironment): Promise<Home> {
  checkRuntime(options.runtime);
  const parts = { clock: systemClock, random: systemRandom, logger: await processLogger(environment, 'silent') };
  const facts = ownProcessFacts();
  const directory = makeRunFolder(facts);
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const embedded = await startEmbedded({
      store: createMemoryStore(),
      ...parts,
      runtime: createRuntime({ ...parts, directory, environment }, { ownTools: true }),
      directory,
      claimDirectories: options.claimDirectories,
      controllers: ['engine', 'gate'],
    });
    const { client, manager, notices } = embedded;
    return {
      client,
      notices,
      observe: (type, indexers) => manager.informer(type, indexers),
      async stop() {
        // Now, when nobody waits for a step any more: what earlier runs left that were killed.
        const swept = sweepRunFolders(facts);
        await embedded.stop();
        remove();
        await swept;
      },
    };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}
