/** What no schema says about pods: that their parts fit together. In the order and with the fields of the Kubernetes API. */
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { invalidCause, requiredCause, unsupportedCause } from '../causes.ts';

const restartPolicies: readonly string[] = ['Always', 'OnFailure', 'Never'];

/** The API keeps seconds in 32 bits. */
const deadlineSecondsMax = 2 ** 31 - 1;

/** Names of variables: printable ASCII without `=`. */
const variableName = /^[\x20-\x3c\x3e-\x7e]+$/;

/**
 * What is wrong with a new pod that the schema lets pass. Images are not asked for: where steps are processes of the machine
 * there are none.
 */
export function checkPod(pod: UnknownObject): readonly StatusCause[] {
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  const volumes = new Set(objectsIn(spec['volumes']).map(({ name }) => name));
  const containersOf = (list: string): readonly StatusCause[] =>
    objectsIn(spec[list]).flatMap((one, index) => checkContainer(one, volumes, `spec.${list}[${index}]`));
  return [
    ...(objectsIn(spec['containers']).length === 0 ? [requiredCause('spec.containers')] : []),
    ...containersOf('containers'),
    ...containersOf('initContainers'),
    ...checkRestartPolicy(spec['restartPolicy']),
    ...checkDeadline(spec['activeDeadlineSeconds']),
  ];
}

function checkContainer(
  container: JsonObject,
  volumes: ReadonlySet<Json | undefined>,
  path: string,
): readonly StatusCause[] {
  const variables = objectsIn(container['env']).flatMap(({ name }, index) =>
    typeof name === 'string' && variableName.test(name)
      ? []
      : [
          invalidCause(
            `${path}.env[${index}].name`,
            name ?? '',
            'a variable has a name of printable ASCII without "="',
          ),
        ],
  );
  const mounts = objectsIn(container['volumeMounts']).flatMap(({ name = '' }, index) =>
    volumes.has(name) ? [] : [notFoundCause(`${path}.volumeMounts[${index}].name`, name)],
  );
  return [...variables, ...mounts];
}

function checkRestartPolicy(policy: Json | undefined): readonly StatusCause[] {
  if (policy === undefined || restartPolicies.includes(String(policy))) return [];
  return [unsupportedCause('spec.restartPolicy', policy, restartPolicies)];
}

function checkDeadline(seconds: Json | undefined): readonly StatusCause[] {
  if (typeof seconds !== 'number' || (seconds >= 1 && seconds <= deadlineSecondsMax)) return [];
  return [
    invalidCause('spec.activeDeadlineSeconds', seconds, `must be between 1 and ${deadlineSecondsMax}, inclusive`),
  ];
}

/** `Not found: "x"`. */
function notFoundCause(field: string, value: Json): StatusCause {
  return { reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(value)}`, field };
}

function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return isJsonList(value) ? value.filter(isJsonObject) : [];
}
