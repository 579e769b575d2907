import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError, errorText } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import { systemRandom } from '../base/system-random.ts';
import type { Home, RunHomeOptions } from '../cli/environment.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { startEmbedded } from './embedded.ts';
import type { ProcessEnvironment } from './environment.ts';
import { processLogger } from './logging.ts';
import { checkRuntime, createRuntime } from './runtime.ts';

/** A Penstock for one command: nothing of it is left afterwards but what steps wrote to folders of the person's own. */
export async function openRunHome(options: RunHomeOptions, environment: ProcessEnvironment): Promise<Home> {
  checkRuntime(options.runtime);
  const parts = { clock: systemClock, random: systemRandom, logger: await processLogger(environment, 'silent') };
  const directory = makeTemporaryFolder();
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
        await embedded.stop();
        remove();
      },
    };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}

function makeTemporaryFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'penstock-run-'));
  } catch (thrown) {
    throw new UserError(`no folder can be made in ${tmpdir()}: ${errorText(thrown)}`, {
      code: 'TEMPORARY_FOLDER',
      remedy: 'set TMPDIR to a folder that can be written to',
      cause: thrown,
    });
  }
}
