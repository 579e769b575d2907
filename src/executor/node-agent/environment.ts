import type { ConfigMap, Secret } from '../../kube/core-types.ts';
import type { Container, EnvFromSource, EnvVar, KeySelector, Pod } from '../../kube/pod.ts';
import { PodConfigError } from './config-error.ts';
import { expandVariables } from './expand-variables.ts';
import { podField, type NodeFacts } from './pod-fields.ts';
import type { ReferencedObjects } from './referenced-objects.ts';
import { resourceField } from './resource-fields.ts';

/** What the variables of a container are made from. */
export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly objects: ReferencedObjects;
  readonly facts: NodeFacts;
}

/** A value with a NUL byte cannot be handed to a process. */
const nul = '\0';

/**
 * The variables of a container: `envFrom` first, then `env` in order, a later one wins; `$(NAME)` refers to those before.
 * Throws {@link PodConfigError} when something required is missing.
 */
export function containerEnvironment(input: EnvironmentInput): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const source of input.container.envFrom ?? []) Object.assign(variables, valuesOfSource(source, input));
  for (const variable of input.container.env ?? []) {
    const value = valueOf(variable, variables, input);
    if (value === undefined) continue;
    if (value.includes(nul)) throw new PodConfigError(`variable "${variable.name}" has a NUL byte in its value`);
    variables[variable.name] = value;
  }
  return variables;
}

function valueOf(
  variable: EnvVar,
  before: Readonly<Record<string, string>>,
  input: EnvironmentInput,
): string | undefined {
  const { valueFrom } = variable;
  if (valueFrom === undefined) return expandVariables(variable.value ?? '', (name) => before[name]);
  if (valueFrom.fieldRef) return podField(input.pod, valueFrom.fieldRef.fieldPath, input.facts);
  if (valueFrom.resourceFieldRef)
    return resourceField(input.pod, input.container, valueFrom.resourceFieldRef, input.facts);
  if (valueFrom.configMapKeyRef) return configMapValue(valueFrom.configMapKeyRef, input);
  if (valueFrom.secretKeyRef) return secretValue(valueFrom.secretKeyRef, input);
  throw new PodConfigError(`variable "${variable.name}": this kind of valueFrom is not supported here`);
}

function configMapValue(selector: KeySelector, { objects, pod }: EnvironmentInput): string | undefined {
  const map = objects.configMaps.get(selector.name ?? '');
  if (map === undefined && !selector.optional) throw missing('configmap', selector.name, pod);
  const value = map?.data?.[selector.key];
  if (value === undefined && !selector.optional) throw missingKey('configmap', selector, pod);
  return value;
}

function secretValue(selector: KeySelector, { objects, pod }: EnvironmentInput): string | undefined {
  const secret = objects.secrets.get(selector.name ?? '');
  if (secret === undefined && !selector.optional) throw missing('secret', selector.name, pod);
  const encoded = secret?.data?.[selector.key];
  if (encoded === undefined && !selector.optional) throw missingKey('secret', selector, pod);
  return encoded === undefined ? undefined : decodeText(encoded);
}

function valuesOfSource(source: EnvFromSource, { objects, pod }: EnvironmentInput): Record<string, string> {
  const prefix = source.prefix ?? '';
  if (source.configMapRef) {
    const { name, optional } = source.configMapRef;
    const map: ConfigMap | undefined = objects.configMaps.get(name);
    if (map === undefined && !optional) throw missing('configmap', name, pod);
    return prefixed(prefix, map?.data ?? {}, (value) => value);
  }
  const { name = '', optional } = source.secretRef ?? {};
  const secret: Secret | undefined = objects.secrets.get(name);
  if (secret === undefined && !optional) throw missing('secret', name, pod);
  return prefixed(prefix, secret?.data ?? {}, decodeText);
}

/** Keys that cannot name a variable (`=`, NUL) are left out, as a kubelet does. */
function prefixed(
  prefix: string,
  data: Readonly<Record<string, string>>,
  decode: (value: string) => string,
): Record<string, string> {
  const usable = Object.entries(data).filter(([key]) => !/[=\0]/.test(key));
  return Object.fromEntries(usable.map(([key, value]) => [prefix + key, decode(value)]));
}

function decodeText(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

function missing(kind: string, name: string | undefined, pod: Pod): PodConfigError {
  return new PodConfigError(`${kind} "${name ?? ''}" not found in namespace "${pod.metadata.namespace ?? ''}"`);
}

function missingKey(kind: string, { key, name = '' }: KeySelector, pod: Pod): PodConfigError {
  return new PodConfigError(`couldn't find key "${key}" in ${kind} "${pod.metadata.namespace ?? ''}/${name}"`);
}
