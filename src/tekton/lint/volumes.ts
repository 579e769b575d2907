import type { PodTemplate, Step, TaskSpec } from '../types.ts';
import { leadsOut } from '../task-run/workspaces.ts';
import { type Finding, errorAt, warningAt } from './finding.ts';

/**
 * Mounts of volumes that neither the Task declares nor a pod template in the same document brings, and mounts that leave
 * their volume: a run of those is refused when it has come to them.
 */
export function lintMounts(
  spec: TaskSpec,
  field: string,
  document: number,
  templates: readonly (PodTemplate | undefined)[],
): readonly Finding[] {
  const volumes = [...(spec.volumes ?? []), ...templates.flatMap((template) => template?.volumes ?? [])];
  const known = new Set(volumes.map(({ name }) => name));
  const inStep = ({ volumeMounts = [] }: Pick<Step, 'volumeMounts'>, where: string): readonly Finding[] =>
    volumeMounts.flatMap(({ name, subPath = '' }, position) => {
      const place = `${where}.volumeMounts[${position}]`;
      if (leadsOut(subPath)) {
        const problem = `"${subPath}" must stay inside the volume: a relative path without ".."`;
        return [errorAt(document, `${place}.subPath`, 'FieldValueInvalid', problem)];
      }
      if (known.has(name) || name.includes('$(')) return [];
      const message = `there is no volume "${name}"; declare it in ${field}.volumes, or bring it in the run's podTemplate`;
      return [warningAt(document, `${place}.name`, 'UnknownVolume', message)];
    });
  return [
    ...(spec.steps ?? []).flatMap((step, position) => inStep(step, `${field}.steps[${position}]`)),
    ...(spec.stepTemplate ? inStep(spec.stepTemplate, `${field}.stepTemplate`) : []),
  ];
}
