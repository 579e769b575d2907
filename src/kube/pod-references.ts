import type { Pod } from './pod.ts';

/** Names of the ConfigMaps and Secrets that `pod` refers to anywhere. */
export function referencedNames(pod: Pod): {
  readonly configMaps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
} {
  const names = { configMaps: new Set<string>(), secrets: new Set<string>() };
  const add = (set: Set<string>, name: string | undefined): void => {
    if (name !== undefined && name !== '') set.add(name);
  };
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    for (const { valueFrom } of container.env ?? []) {
      add(names.configMaps, valueFrom?.configMapKeyRef?.name);
      add(names.secrets, valueFrom?.secretKeyRef?.name);
    }
    for (const source of container.envFrom ?? []) {
      add(names.configMaps, source.configMapRef?.name);
      add(names.secrets, source.secretRef?.name);
    }
  }
  for (const volume of pod.spec.volumes ?? []) {
    add(names.configMaps, volume.configMap?.name);
    add(names.secrets, volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      add(names.configMaps, source.configMap?.name);
      add(names.secrets, source.secret?.name);
    }
  }
  return names;
}
