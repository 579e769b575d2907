import { toRfc3339 } from '../../base/clock.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { type CommitStatus, commitStatuses } from '../../forge/kinds/commit-status.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { isSameRepository } from '../../forge/repository-url.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { type Condition, keyOf, keyText } from '../../kube/object.ts';
import { CronError, cronTimes } from '../../triggers/schedules/cron.ts';
import type { Examination } from './examination.ts';

/** Statuses that are told one by one. */
const toldMax = 5;

/** What came in for a Repository last, and what became of it. */
export async function checkDeliveries(
  client: ApiClient,
  systemNamespace: string,
  repository: Repository,
  found: Examination,
): Promise<void> {
  const items = await listed(found, 'last event', async () => {
    const all = await client.list(deliveries, { namespace: systemNamespace });
    return all.items.filter((delivery) => concerns(delivery, repository));
  });
  if (items === undefined) return;
  const last = items.toSorted((a, b) => (a.spec.receivedAt < b.spec.receivedAt ? 1 : -1))[0];
  if (last === undefined) {
    found.warn(
      'last event',
      'nothing has come in for it yet',
      'push, or send a test event from the settings of its host',
    );
    return;
  }
  const { metadata, spec, status } = last;
  const outcomes = (status?.outcomes ?? []).map(({ reason, message }) => `${reason}: ${message}`).join('; ');
  const told = `${spec.eventName} at ${spec.receivedAt}: ${outcomes || (status?.phase ?? 'not looked at yet')}`;
  const remedy = `penstock delivery show ${metadata.name}`;
  const failed = status?.phase === 'Failed' || status?.outcomes?.some(({ reason }) => reason === 'Failed') === true;
  if (failed) found.fail('last event', told, remedy);
  else if (status?.lastError !== undefined && status.phase !== 'Done') {
    found.warn('last event', `${told}; it is tried again: ${status.lastError}`, remedy);
  } else found.ok('last event', told);
}

function concerns({ spec, status }: Delivery, repository: Repository): boolean {
  const { namespace, name } = keyOf(repository);
  if (spec.verifiedBy === keyText({ namespace, name })) return true;
  if (status?.runs?.some((run) => run.namespace === namespace && run.repository === name) === true) return true;
  return spec.events.some(({ project }) => isSameRepository(project.url, repository.spec?.url ?? ''));
}

/** Whether its host shows what it is to show; what it has taken is also the proof that statuses may be written. */
export async function checkStatuses(client: ApiClient, repository: Repository, found: Examination): Promise<void> {
  const { namespace, name } = keyOf(repository);
  const items = await listed(found, 'statuses', async () => {
    const all = await client.list(commitStatuses, { namespace });
    return all.items.filter(({ spec }) => spec.repository === name);
  });
  if (items === undefined) return;
  const undelivered = items.filter((one) => deliveredOf(one)?.status === 'False');
  for (const one of undelivered.slice(0, toldMax)) tellUndelivered(one, found);
  if (undelivered.length > toldMax) {
    found.fail('statuses', `and ${undelivered.length - toldMax} more are not shown`, `kubectl -n ${namespace} get cst`);
  }
  const taken = items.map(({ status }) => status?.acknowledged?.at ?? '').toSorted();
  const last = taken.at(-1) ?? '';
  if (last !== '') found.ok('statuses', `its host took one at ${last}`);
  else if (undelivered.length === 0) {
    found.ok('statuses', 'none was to be shown yet: whether they may be written shows with the first');
  }
}

function deliveredOf({ status }: CommitStatus): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Delivered');
}

function tellUndelivered(one: CommitStatus, found: Examination): void {
  const { metadata, spec, status } = one;
  const condition = deliveredOf(one);
  const { context, sha } = spec.report;
  const since = status?.failingSince === undefined ? '' : ` since ${status.failingSince}`;
  const why = `${condition?.reason ?? 'Unknown'}: ${status?.lastError ?? condition?.message ?? ''}`;
  const remedy = `kubectl -n ${metadata.namespace ?? ''} get cst ${metadata.name ?? ''} -o yaml`;
  found.fail('statuses', `"${context}" of ${sha.slice(0, 12)} is not shown${since}: ${why}`, remedy);
}

/** When each schedule is due next. */
export function checkSchedules({ spec }: Repository, nowMs: number, found: Examination): void {
  for (const { name, cron, timeZone, suspend } of spec?.schedules ?? []) {
    try {
      const nextMs = cronTimes(cron, timeZone).next(nowMs);
      if (suspend === true) found.warn('schedules', `${name} is suspended`);
      else if (nextMs === undefined) found.fail('schedules', `${name} ("${cron}") is never due`);
      else found.ok('schedules', `${name} is due at ${toRfc3339(nextMs)}`);
    } catch (thrown) {
      if (!(thrown instanceof CronError)) throw thrown;
      found.fail('schedules', `${name}: ${thrown.message}`);
    }
  }
}

/** What may not be looked at is told; whoever has fewer rights can still use the other checks. */
async function listed<T>(found: Examination, check: string, list: () => Promise<T>): Promise<T | undefined> {
  try {
    return await list();
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError)) throw thrown;
    found.warn(check, `cannot be looked at: ${thrown.message}`);
    return undefined;
  }
}
