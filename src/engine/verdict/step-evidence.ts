import type { Container, ContainerStatus, Pod } from '../../kube/pod.ts';
import type { StepEvidence } from '../../tekton/task-run/evidence.ts';
import { wrappedSteps } from '../pod/attempt-record.ts';
import { collectContainer, stepPrefix } from '../pod/names.ts';
import { parseReport } from '../pod/termination-message.ts';

/** The status of every container by name. Their order in a pod's status means nothing. */
export function statusesByName({ status = {} }: Pod): ReadonlyMap<string, ContainerStatus> {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return new Map(all.map((one) => [one.name, one]));
}

/** What is known about each step of `pod`, in the order of its spec. */
export function stepEvidence(pod: Pod): readonly StepEvidence[] {
  return evidenceAbout(pod, containersOf(pod).filter(isStep));
}

/** The same, and what is known about the container that reports results after the last step, if there is one. */
export function witnessesOf(pod: Pod): readonly StepEvidence[] {
  return evidenceAbout(
    pod,
    containersOf(pod).filter((one) => isStep(one) || isCollector(one)),
  );
}

function evidenceAbout(pod: Pod, containers: readonly Container[]): readonly StepEvidence[] {
  const statuses = statusesByName(pod);
  const wrapped = wrappedSteps(pod);
  return containers.map(({ name }) => evidenceOf(name, statuses.get(name), wrapped.has(name)));
}

/** Containers of `pod` that are no steps and ought to end by themselves: not sidecars. */
export function helpersOf(pod: Pod): readonly Container[] {
  return (pod.spec.initContainers ?? []).filter((one) => !isStep(one) && one.restartPolicy !== 'Always');
}

/** Whether containers that others put beside the steps run on, which nothing will end: unlike native sidecars. */
export function hasRunningCompanions(pod: Pod): boolean {
  const statuses = statusesByName(pod);
  const companions = companionsOf(pod).filter(({ restartPolicy }) => restartPolicy !== 'Always');
  return companions.some(({ name }) => statuses.get(name)?.state?.running !== undefined);
}

/** Containers of `pod` that run beside the steps: put there by others. */
export function companionsOf(pod: Pod): readonly Container[] {
  const helpers = helpersOf(pod);
  return containersOf(pod).filter((one) => !isStep(one) && !isCollector(one) && !helpers.includes(one));
}

function evidenceOf(container: string, status: ContainerStatus | undefined, wrapped: boolean): StepEvidence {
  const state = status?.state ?? {};
  return {
    name: container.startsWith(stepPrefix) ? container.slice(stepPrefix.length) : container,
    container,
    ...(status?.imageID ? { imageID: status.imageID } : {}),
    state,
    ...(wrapped && state.terminated ? { report: parseReport(state.terminated.message) } : {}),
  };
}

function containersOf(pod: Pod): readonly Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
}

function isCollector({ name }: Container): boolean {
  return name === collectContainer;
}

function isStep({ name, restartPolicy }: Container): boolean {
  return name.startsWith(stepPrefix) && restartPolicy !== 'Always';
}
