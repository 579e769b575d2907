import { isJsonObject } from '../../base/json.ts';
import type { Container, Pod } from '../../kube/pod.ts';
import { PodConfigError } from './config-error.ts';
import type { NodeFacts } from './pod-fields.ts';

/** A `resourceFieldRef`. */
export interface ResourceFieldReference {
  readonly resource: string;
  readonly containerName?: string;
  readonly divisor?: string | number;
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/**
 * A container's limit or request of cpu, memory or ephemeral storage as a whole number of the divisor, rounded up. A
 * limit that is not set is what the node has, as in a kubelet.
 */
export function resourceField(pod: Pod, self: Container, reference: ResourceFieldReference, facts: NodeFacts): string {
  const container = reference.containerName === undefined ? self : containerOf(pod, reference.containerName);
  const [kind = '', name = ''] = reference.resource.split('.');
  const resources = isJsonObject(container['resources']) ? container['resources'] : {};
  const amounts = isJsonObject(resources[kind]) ? resources[kind] : {};
  const value = amounts[name] === undefined ? defaultAmount(kind, name, facts) : amount(String(amounts[name]));
  const divisor = amount(String(reference.divisor ?? '1')) || 1;
  if (value === undefined)
    throw new PodConfigError(`resource "${reference.resource}" is not one that a container offers`);
  return String(Math.ceil(value / divisor));
}

function containerOf(pod: Pod, name: string): Container {
  const found = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find(
    (container) => container.name === name,
  );
  if (found === undefined)
    throw new PodConfigError(`resourceFieldRef names container "${name}", which the pod has not`);
  return found;
}

function defaultAmount(kind: string, name: string, facts: NodeFacts): number | undefined {
  const onNode = { cpu: facts.cpuCores, memory: facts.memoryBytes, 'ephemeral-storage': 0 }[name];
  if (onNode === undefined || (kind !== 'limits' && kind !== 'requests')) return undefined;
  return kind === 'limits' ? onNode : 0;
}

function amount(text: string): number {
  const match = /^([0-9.]+)([a-zA-Z]*)$/.exec(text);
  const factor = factors[match?.[2] ?? ''];
  if (match === null || factor === undefined) throw new PodConfigError(`"${text}" is not an amount of a resource`);
  return Number(match[1]) * factor;
}
