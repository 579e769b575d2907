/** Cells of `kubectl get` that have to be computed. */
import { isJsonList, isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { UnknownObject } from '../../kube/object.ts';

/** Follows member names and list indexes; undefined when something on the way is missing. */
function valueAt(object: unknown, ...path: readonly (string | number)[]): Json | undefined {
  let value = object;
  for (const segment of path) {
    if (typeof segment === 'number') value = isJsonList(value) ? value[segment] : undefined;
    else value = isJsonObject(value) ? value[segment] : undefined;
  }
  return value as Json | undefined;
}

/** The text at `path`, or `otherwise`. */
export function textAt(object: unknown, otherwise: string, ...path: readonly (string | number)[]): string {
  const value = valueAt(object, ...path);
  return value === undefined || value === null || value === '' ? otherwise : String(value);
}

/** How many members or items there are at `path`. */
export function countAt(object: unknown, ...path: readonly (string | number)[]): number {
  const value = valueAt(object, ...path);
  if (isJsonList(value)) return value.length;
  return isJsonObject(value) ? Object.keys(value).length : 0;
}

function statuses(pod: UnknownObject, member: string): readonly JsonObject[] {
  const list = valueAt(pod, 'status', member);
  return isJsonList(list) ? list.filter(isJsonObject) : [];
}

/** Names of native sidecars: init containers that keep running. */
function sidecarNames(pod: UnknownObject): ReadonlySet<string> {
  const list = valueAt(pod, 'spec', 'initContainers');
  const sidecars = (isJsonList(list) ? list : []).filter((item) => valueAt(item, 'restartPolicy') === 'Always');
  return new Set(sidecars.map((item) => textAt(item, '', 'name')));
}

/** `1/2`: containers that are ready, of all, native sidecars included. */
export function podReady(pod: UnknownObject): string {
  const sidecars = sidecarNames(pod);
  const counted = [
    ...statuses(pod, 'containerStatuses'),
    ...statuses(pod, 'initContainerStatuses').filter((status) => sidecars.has(textAt(status, '', 'name'))),
  ];
  const ready = counted.filter(
    (status) => status['ready'] === true && valueAt(status, 'state', 'running') !== undefined,
  );
  return `${ready.length}/${countAt(pod, 'spec', 'containers') + sidecars.size}`;
}

/** Restarts of all containers. */
export function podRestarts(pod: UnknownObject): string {
  const all = [...statuses(pod, 'containerStatuses'), ...statuses(pod, 'initContainerStatuses')];
  return String(all.reduce((sum, status) => sum + Number(status['restartCount'] ?? 0), 0));
}

/** `Running`, `Completed`, `Init:1/3`, `Init:Error`, `Terminating`, …: what a person wants to know of a pod. */
export function podStatus(pod: UnknownObject): string {
  const reason =
    initReason(pod) ??
    containerReason(pod) ??
    textAt(pod, textAt(pod, 'Unknown', 'status', 'phase'), 'status', 'reason');
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (valueAt(pod, 'status', 'reason') === 'NodeLost') return 'Unknown';
  const phase = valueAt(pod, 'status', 'phase');
  return phase === 'Failed' || phase === 'Succeeded' ? reason : 'Terminating';
}

function initReason(pod: UnknownObject): string | undefined {
  const sidecars = sidecarNames(pod);
  const total = countAt(pod, 'spec', 'initContainers');
  for (const [index, status] of statuses(pod, 'initContainerStatuses').entries()) {
    if (valueAt(status, 'state', 'terminated', 'exitCode') === 0) continue;
    if (sidecars.has(textAt(status, '', 'name')) && status['started'] === true) continue;
    if (valueAt(status, 'state', 'terminated') !== undefined) return `Init:${terminatedReason(status)}`;
    const waiting = textAt(status, '', 'state', 'waiting', 'reason');
    return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`;
  }
  return undefined;
}

function containerReason(pod: UnknownObject): string | undefined {
  const list = statuses(pod, 'containerStatuses');
  const running = list.some((status) => status['ready'] === true && valueAt(status, 'state', 'running') !== undefined);
  for (const status of list) {
    const waiting = textAt(status, '', 'state', 'waiting', 'reason');
    const reason = waiting !== '' ? waiting : terminatedReason(status);
    if (reason !== undefined) return reason === 'Completed' && running ? 'Running' : reason;
  }
  return undefined;
}

function terminatedReason(status: JsonObject): string | undefined {
  const terminated = valueAt(status, 'state', 'terminated');
  if (!isJsonObject(terminated)) return undefined;
  if (textAt(terminated, '', 'reason') !== '') return textAt(terminated, '', 'reason');
  const signal = Number(terminated['signal'] ?? 0);
  return signal === 0 ? `ExitCode:${Number(terminated['exitCode'] ?? 0)}` : `Signal:${signal}`;
}

/** `Ready`, `NotReady`, with `,SchedulingDisabled` where it applies. */
export function nodeStatus(node: UnknownObject): string {
  const conditions = valueAt(node, 'status', 'conditions');
  const ready = (isJsonList(conditions) ? conditions : []).find((condition) => valueAt(condition, 'type') === 'Ready');
  const state = ready === undefined ? 'Unknown' : valueAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return valueAt(node, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

/** The roles in a node's labels. */
export function nodeRoles(node: UnknownObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length));
  return roles.length === 0 ? '<none>' : roles.sort().join(',');
}

/** An address of a node, by its type. */
export function nodeAddress(node: UnknownObject, type: string): string {
  const list = valueAt(node, 'status', 'addresses');
  const address = (isJsonList(list) ? list : []).find((item) => valueAt(item, 'type') === type);
  return textAt(address, '<none>', 'address');
}

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** `RWO,RWX` of a bound claim. */
export function claimModes(claim: UnknownObject): string {
  const modes = valueAt(claim, 'status', 'accessModes');
  return isJsonList(modes) ? modes.map((item) => shortModes[String(item)] ?? String(item)).join(',') : '';
}

/** `pod/name` of an event. */
export function eventObject(event: UnknownObject): string {
  const name = textAt(event, '', 'involvedObject', 'name');
  const kind = textAt(event, '', 'involvedObject', 'kind').toLowerCase();
  return kind === '' ? name : `${kind}/${name}`;
}

/** The component an event comes from, with its host. */
export function eventSource(event: UnknownObject): string {
  const component = textAt(event, textAt(event, '', 'reportingComponent'), 'source', 'component');
  const host = textAt(event, '', 'source', 'host');
  return host === '' ? component : `${component}, ${host}`;
}
