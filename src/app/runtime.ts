import { delimiter, join } from 'node:path';
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

/** What runs the steps: processes of this machine. */
export function createRuntime({ directory, environment, ...parts }: RuntimeParts): ContainerRuntime {
  const searchPath = environment.path.split(delimiter).filter((folder) => folder.startsWith('/'));
  return new ProcessRuntime({ ...parts, directory: join(directory, 'runtime'), searchPath });
}
