import { UserError } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import type { RuntimeChoice } from '../cli/environment.ts';
import type { ContainerRuntime } from '../executor/runtime/container-runtime.ts';
import { createProcessRuntime } from '../executor/process/process-runtime.ts';
import type { ProcessEnvironment } from './environment.ts';

/** What runs the steps. */
export function chooseRuntime(choice: RuntimeChoice, { path }: ProcessEnvironment): ContainerRuntime {
  if (choice === 'container') {
    throw new UserError('the container runtime is not supported yet', {
      code: 'RUNTIME_UNSUPPORTED',
      remedy: 'use --runtime process: steps run as processes of this machine, and images are not used',
    });
  }
  return createProcessRuntime({ path, clock: systemClock });
}
