import type { PodTemplate, Step, TaskSpec } from '../types.ts';
import { type Finding, warningAt } from './finding.ts';

/** Mounts of volumes that neither the Task declares nor a pod template in the same document brings. */
export function lintMounts(
  spec: TaskSpec,
  field: string,
  document: number,
  templates: readonly (PodTemplate | undefined)[],
): readonly Finding[] {
  const volumes = [...(spec.volumes ?? []), ...templates.flatMap((template) => template?.volumes ?? [])];
  const known = new Set(volumes.map(({ name }) => name));
  const inStep = ({ volumeMounts = [] }: Pick<Step, 'volumeMounts'>, where: string): readonly Finding[] =>
    volumeMounts.flatMap(({ name }, position) => {
      if (known.has(name) || name.includes('$(')) return [];
      const message = `there is no volume "${name}"; declare it in ${field}.volumes, or bring it in the run's podTemplate`;
      return [warningAt(document, `${where}.volumeMounts[${position}].name`, 'UnknownVolume', message)];
    });
  return [
    ...(spec.steps ?? []).flatMap((step, position) => inStep(step, `${field}.steps[${position}]`)),
    ...(spec.stepTemplate ? inStep(spec.stepTemplate, `${field}.stepTemplate`) : []),
  ];
}
