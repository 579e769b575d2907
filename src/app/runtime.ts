import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { UserError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { RuntimeChoice } from '../cli/environment.ts';
import { ProcessRuntime } from '../executor/process/process-runtime.ts';
import type { ContainerRuntime } from '../executor/runtime/container-runtime.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessEnvironment } from './environment.ts';

/** What a runtime is made of. */
export interface RuntimeParts {
  /** Private to this Penstock. */
  readonly directory: string;
  readonly environment: ProcessEnvironment;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Refuses, before anything is made, a runtime that there is not. */
export function checkRuntime(choice: RuntimeChoice): void {
  if (choice !== 'container') return;
  throw new UserError('the container runtime is not supported yet', {
    code: 'RUNTIME_UNSUPPORTED',
    remedy: 'use --runtime process: steps run as processes of this machine, and images are not used',
  });
}

/**
 * What runs the steps: processes of this machine. With `ownTools` they see the person's own tool folders too, which lie
 * outside of the system's: for a command that runs the person's own pipelines, not for a server that runs anybody's.
 */
export function createRuntime(parts: RuntimeParts, { ownTools }: { readonly ownTools: boolean }): ContainerRuntime {
  const { directory, environment, clock, random, logger } = parts;
  const searchPath = environment.path.split(delimiter).filter((folder) => folder.startsWith('/'));
  return new ProcessRuntime({
    clock,
    random,
    logger,
    directory: join(directory, 'runtime'),
    searchPath,
    environment: environment.forSteps,
    readOnlyPaths: ownTools ? searchPath.filter(isOwnFolder).flatMap(toolFolders) : [],
  });
}

/** Folders below a home, where version managers put programs. */
function isOwnFolder(folder: string): boolean {
  return /^\/(home|root|Users)\//.test(folder) && existsSync(folder);
}

/** The folder of programs and what usually lies beside it for them; nothing else of the home. */
function toolFolders(folder: string): readonly string[] {
  const beside = basename(folder) === 'bin' ? ['lib', 'libexec'].map((name) => join(dirname(folder), name)) : [];
  return [folder, ...beside.filter((path) => existsSync(path))];
}
