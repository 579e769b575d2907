/** What no schema says about pods: that their parts fit together. In the order and with the fields of the Kubernetes API. */
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { labelKeyProblem, labelValueProblem } from '../../kube/label-syntax.ts';
import { duplicateCause, forbiddenCause, invalidCause, requiredCause, unsupportedCause } from '../causes.ts';
import { checkContainer, initCauses } from './check-container.ts';
import { objectsIn } from './check-texts.ts';
import { checkVolume } from './check-volume.ts';

const restartPolicies: readonly string[] = ['Always', 'OnFailure', 'Never'];

/** The API keeps seconds in 32 bits. */
const deadlineSecondsMax = 2 ** 31 - 1;

const dnsPolicies: readonly string[] = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/**
 * What is wrong with a new pod that the schema lets pass. Images are not asked for: where steps are processes of the machine
 * there are none.
 */
export function checkPod(pod: UnknownObject): readonly StatusCause[] {
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  const volumes = objectsIn(spec['volumes']);
  const names = new Set(volumes.map(({ name }) => name));
  const containers = objectsIn(spec['containers']);
  const initContainers = objectsIn(spec['initContainers']);
  const own = (list: readonly JsonObject[], member: string): readonly StatusCause[] =>
    list.flatMap((one, index) => checkContainer(one, names, `spec.${member}[${index}]`));
  return [
    ...(containers.length === 0 ? [requiredCause('spec.containers')] : []),
    ...own(containers, 'containers'),
    ...own(initContainers, 'initContainers'),
    ...initContainers.flatMap((one, index) => initCauses(one, `spec.initContainers[${index}]`)),
    ...sharedNames(containers, initContainers),
    ...volumes.flatMap((one, index) => checkVolume(one, `spec.volumes[${index}]`)),
    ...checkRestartPolicy(spec['restartPolicy']),
    ...checkDnsPolicy(spec['dnsPolicy']),
    ...checkDeadline(spec['activeDeadlineSeconds']),
    ...checkNodeSelector(spec['nodeSelector']),
    ...(isJsonList(spec['ephemeralContainers']) && spec['ephemeralContainers'].length > 0
      ? [forbiddenCause('spec.ephemeralContainers', 'cannot be set on create')]
      : []),
  ];
}

/** A name stands for one container of the pod, whatever list it is in. */
function sharedNames(containers: readonly JsonObject[], initContainers: readonly JsonObject[]): readonly StatusCause[] {
  const names = new Set(containers.map(({ name }) => name));
  return initContainers.flatMap(({ name = '' }, index) =>
    names.has(name) ? [duplicateCause(`spec.initContainers[${index}].name`, name)] : [],
  );
}

function checkDnsPolicy(policy: Json | undefined): readonly StatusCause[] {
  if (policy === undefined || dnsPolicies.includes(String(policy))) return [];
  return [unsupportedCause('spec.dnsPolicy', policy, dnsPolicies)];
}

function checkNodeSelector(selector: Json | undefined): readonly StatusCause[] {
  if (!isJsonObject(selector)) return [];
  return Object.entries(selector).flatMap(([key, value]) => {
    const problem = labelKeyProblem(key) ?? labelValueProblem(String(value));
    return problem === undefined ? [] : [invalidCause('spec.nodeSelector', key, problem)];
  });
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
