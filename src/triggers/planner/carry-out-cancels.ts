import type { CancelIntent, CancelledRun, DeliveryStatus } from '../../forge/kinds/delivery.ts';
import { keyOf } from '../../kube/object.ts';
import { cancelRun } from './cancel-runs.ts';
import type { PlannerParts } from './planner-parts.ts';

/** What was cancelled now, and what went wrong: to be done again. */
export interface CancelProgress {
  readonly done: readonly CancelledRun[];
  readonly failed: readonly unknown[];
}

/** Cancels what the plan says. Repeating it cancels nothing twice. */
export async function carryOutCancels(parts: PlannerParts, status: DeliveryStatus): Promise<CancelProgress> {
  const done: CancelledRun[] = [];
  const failed: unknown[] = [];
  for (const intent of status.cancels ?? []) {
    if (!isDue(intent, status)) continue;
    try {
      done.push(...(await carryOut(parts, intent)));
    } catch (thrown) {
      failed.push(thrown);
    }
  }
  return { done, failed };
}

/** Runs make room for another only once that one is there. */
function isDue({ supersededBy }: CancelIntent, { runs = [] }: DeliveryStatus): boolean {
  if (supersededBy === undefined) return true;
  return runs.some(({ name, outcome }) => name === supersededBy && (outcome === 'created' || outcome === 'adopted'));
}

async function carryOut(parts: PlannerParts, intent: CancelIntent): Promise<readonly CancelledRun[]> {
  const { event, namespace, repository, by, supersededBy } = intent;
  const reason = { by, ...(supersededBy === undefined ? {} : { supersededBy }) };
  return parts.locks.hold(`${namespace}/${repository}`, async () => {
    const done: CancelledRun[] = [];
    for (const run of parts.history.cancellable(intent)) {
      if (!(await cancelRun(parts.client, run, reason))) continue;
      parts.metrics.run('cancelled');
      done.push({ event, namespace, name: keyOf(run).name, by });
    }
    return done;
  });
}
