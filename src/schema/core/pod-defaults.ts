/** What Kubernetes fills into a pod where the value depends on other members. */
import { isJsonList, isJsonObject } from '../../base/json.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { UnknownObject } from '../../kube/object.ts';

/** Fills image pull policies, resource requests, the default volume source and the twin of `serviceAccountName`. */
export function completePod(pod: UnknownObject): UnknownObject {
  const spec = pod['spec'];
  if (!isJsonObject(spec)) return pod;
  const account = spec['serviceAccountName'] ?? spec['serviceAccount'];
  const completed: JsonObject = {
    ...spec,
    ...mapMember(spec, 'initContainers', completeContainer),
    ...mapMember(spec, 'containers', completeContainer),
    ...mapMember(spec, 'volumes', completeVolume),
    ...(account === undefined ? {} : { serviceAccountName: account, serviceAccount: account }),
  };
  return { ...pod, spec: completed };
}

/** The status of a pod nobody has looked at yet. */
export function initializePod(pod: UnknownObject): UnknownObject {
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  const status = isJsonObject(pod['status']) ? pod['status'] : {};
  return { ...pod, status: { phase: 'Pending', qosClass: qosClass(spec), ...status } };
}

function mapMember(spec: JsonObject, key: string, change: (item: JsonObject) => JsonObject): JsonObject {
  const items = spec[key];
  return isJsonList(items) ? { [key]: items.map((item) => (isJsonObject(item) ? change(item) : item)) } : {};
}

function completeContainer(container: JsonObject): JsonObject {
  const withPolicy =
    container['imagePullPolicy'] === undefined && typeof container['image'] === 'string'
      ? { ...container, imagePullPolicy: pullPolicyOf(container['image']) }
      : container;
  return withRequests(withPolicy);
}

/** `Always` for the tag `latest` or none, `IfNotPresent` for any other tag or a digest. */
function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** A limit without a request is a request, too. */
function withRequests(container: JsonObject): JsonObject {
  const resources = container['resources'];
  if (!isJsonObject(resources) || !isJsonObject(resources['limits'])) return container;
  const requests = isJsonObject(resources['requests']) ? resources['requests'] : {};
  return { ...container, resources: { ...resources, requests: { ...resources['limits'], ...requests } } };
}

function completeVolume(volume: JsonObject): JsonObject {
  const hasSource = Object.keys(volume).some((key) => key !== 'name' && volume[key] !== undefined);
  return hasSource ? volume : { ...volume, emptyDir: {} };
}

function qosClass(spec: JsonObject): string {
  const containers = [...listOf(spec['initContainers']), ...listOf(spec['containers'])].filter(isJsonObject);
  const amounts = containers.map((container) => amountsOf(container['resources']));
  if (amounts.every(({ requests, limits }) => isEmpty(requests) && isEmpty(limits))) return 'BestEffort';
  const guaranteed = amounts.every(({ requests, limits }) =>
    ['cpu', 'memory'].every((name) => limits[name] !== undefined && limits[name] === requests[name]),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function amountsOf(resources: Json | undefined): { readonly requests: JsonObject; readonly limits: JsonObject } {
  const { requests, limits } = isJsonObject(resources) ? resources : {};
  return { requests: isJsonObject(requests) ? requests : {}, limits: isJsonObject(limits) ? limits : {} };
}

function isEmpty(value: JsonObject): boolean {
  return value['cpu'] === undefined && value['memory'] === undefined;
}

function listOf(value: Json | undefined): readonly Json[] {
  return isJsonList(value) ? value : [];
}
