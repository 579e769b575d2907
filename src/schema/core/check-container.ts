/** What no schema says about a container of a pod, with the fields of the Kubernetes API. */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import { forbiddenCause, invalidCause, requiredCause, unsupportedCause } from '../causes.ts';
import { quantityValue } from '../quantity.ts';
import { notQuantity } from './check-simple.ts';
import { isLocalPath, labelProblem, objectsIn } from './check-texts.ts';

/** Names of variables: printable ASCII without `=`. */
const variableName = /^[\x20-\x3c\x3e-\x7e]+$/;
const portMax = 65_535;
const pullPolicies: readonly string[] = ['Always', 'IfNotPresent', 'Never'];
const messagePolicies: readonly string[] = ['File', 'FallbackToLogsOnError'];
const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP'];
/** What belongs to a process that goes on beside others, which an init container is only as a sidecar. */
const sidecarMembers = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'];
const variableSources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef'];

/** What is wrong with `container` at `path`; `volumes` are the names of those of its pod. */
export function checkContainer(
  container: JsonObject,
  volumes: ReadonlySet<Json | undefined>,
  path: string,
): readonly StatusCause[] {
  const name = String(container['name'] ?? '');
  const problem = name === '' ? undefined : labelProblem(name);
  return [
    ...(problem === undefined ? [] : [invalidCause(`${path}.name`, name, problem)]),
    ...imageCauses(container['image'], path),
    ...oneOf(container, 'imagePullPolicy', pullPolicies, path),
    ...oneOf(container, 'terminationMessagePolicy', messagePolicies, path),
    ...objectsIn(container['env']).flatMap((variable, index) => variableCauses(variable, `${path}.env[${index}]`)),
    ...objectsIn(container['volumeMounts']).flatMap((mount, index) =>
      mountCauses(mount, volumes, `${path}.volumeMounts[${index}]`),
    ),
    ...objectsIn(container['ports']).flatMap((port, index) => portCauses(port, `${path}.ports[${index}]`)),
    ...resourceCauses(container['resources'], `${path}.resources`),
  ];
}

/** What an init container may not have unless it is a sidecar. */
export function initCauses(container: JsonObject, path: string): readonly StatusCause[] {
  if (container['restartPolicy'] === 'Always') return [];
  return sidecarMembers
    .filter((member) => isJsonObject(container[member]))
    .map((member) =>
      forbiddenCause(`${path}.${member}`, 'may not be set for init containers without restartPolicy=Always'),
    );
}

function imageCauses(image: Json | undefined, path: string): readonly StatusCause[] {
  if (typeof image !== 'string' || image === image.trim()) return [];
  return [invalidCause(`${path}.image`, image, 'must not have leading or trailing whitespace')];
}

function oneOf(
  container: JsonObject,
  member: string,
  supported: readonly string[],
  path: string,
): readonly StatusCause[] {
  const value = container[member] ?? '';
  if (value === '' || supported.includes(String(value))) return [];
  return [unsupportedCause(`${path}.${member}`, value, supported)];
}

function variableCauses(variable: JsonObject, path: string): readonly StatusCause[] {
  const { name = '', value = '', valueFrom } = variable;
  const isNamed = typeof name === 'string' && variableName.test(name);
  const why = 'a variable has a name of printable ASCII without "="';
  return [
    ...(isNamed ? [] : [invalidCause(`${path}.name`, name, why)]),
    ...(isJsonObject(valueFrom) ? sourceCauses(valueFrom, value, `${path}.valueFrom`) : []),
  ];
}

function sourceCauses(source: JsonObject, value: Json, path: string): readonly StatusCause[] {
  const given = variableSources.filter((member) => source[member] !== undefined);
  const keyed = ['configMapKeyRef', 'secretKeyRef'].filter((member) => {
    const reference = source[member];
    return isJsonObject(reference) && !reference['key'];
  });
  return [
    ...(given.length === 1
      ? []
      : [invalidCause(path, '', `must specify exactly one of: ${variableSources.join(', ')}`)]),
    ...(given.length > 0 && value !== ''
      ? [invalidCause(path, '', 'may not be specified when `value` is not empty')]
      : []),
    ...keyed.map((member) => requiredCause(`${path}.${member}.key`)),
  ];
}

function mountCauses(mount: JsonObject, volumes: ReadonlySet<Json | undefined>, path: string): readonly StatusCause[] {
  const { name = '', subPath = '', subPathExpr = '' } = mount;
  return [
    ...(volumes.has(name) ? [] : [notFoundCause(`${path}.name`, name)]),
    ...(isLocalPath(String(subPath))
      ? []
      : [invalidCause(`${path}.subPath`, subPath, 'must be a relative path without ".."')]),
    ...(isLocalPath(String(subPathExpr))
      ? []
      : [invalidCause(`${path}.subPathExpr`, subPathExpr, 'must be a relative path without ".."')]),
    ...(subPath === '' || subPathExpr === ''
      ? []
      : [invalidCause(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]),
  ];
}

function portCauses({ containerPort = 0, protocol = 'TCP' }: JsonObject, path: string): readonly StatusCause[] {
  const port = Number(containerPort);
  return [
    ...(port === 0 ? [requiredCause(`${path}.containerPort`)] : []),
    ...(port < 0 || port > portMax
      ? [invalidCause(`${path}.containerPort`, containerPort, `must be between 1 and ${portMax}, inclusive`)]
      : []),
    ...(protocols.includes(String(protocol)) ? [] : [unsupportedCause(`${path}.protocol`, protocol, protocols)]),
  ];
}

function resourceCauses(resources: Json | undefined, path: string): readonly StatusCause[] {
  if (!isJsonObject(resources)) return [];
  const limits = isJsonObject(resources['limits']) ? resources['limits'] : {};
  const requests = isJsonObject(resources['requests']) ? resources['requests'] : {};
  const above = Object.keys(requests).filter((name) => {
    const [request, limit] = [quantityValue(requests[name] ?? null), quantityValue(limits[name] ?? null)];
    return request !== undefined && limit !== undefined && request > limit;
  });
  return [
    ...amountCauses(limits, `${path}.limits`),
    ...amountCauses(requests, `${path}.requests`),
    ...above.map((name) => {
      const why = `must be less than or equal to ${name} limit of ${String(limits[name])}`;
      return invalidCause(`${path}.requests`, requests[name] ?? '', why);
    }),
  ];
}

function amountCauses(amounts: JsonObject, path: string): readonly StatusCause[] {
  return Object.entries(amounts).flatMap(([name, amount = null]) => {
    const value = quantityValue(amount);
    if (value === undefined) return [invalidCause(`${path}[${name}]`, amount, notQuantity)];
    return value >= 0 ? [] : [invalidCause(`${path}[${name}]`, amount, 'must be greater than or equal to 0')];
  });
}

/** `Not found: "x"`. */
function notFoundCause(field: string, value: Json): StatusCause {
  return { reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(value)}`, field };
}
