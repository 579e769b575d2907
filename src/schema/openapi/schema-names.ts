/** What schemas are called in OpenAPI documents. */
import type { ResourceType } from '../../kube/resource.ts';

/** The name of `metadata`'s schema. */
export const objectMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
/** The name of the schema of a list's `metadata`. */
export const listMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
/** The name of the schema of errors and of answers to deletes. */
export const statusName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
/** The name of the schema of the options of a delete. */
export const deleteOptionsName = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

const kubernetesPackages: Readonly<Record<string, string>> = {
  '': 'io.k8s.api.core',
  'coordination.k8s.io': 'io.k8s.api.coordination',
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
};

/** `io.k8s.api.core.v1.Pod`; for other groups the group backwards: `dev.tekton.v1.PipelineRun`. */
export function schemaName(type: ResourceType, suffix = ''): string {
  const known = Object.hasOwn(kubernetesPackages, type.group) ? kubernetesPackages[type.group] : undefined;
  const prefix = known ?? type.group.split('.').reverse().join('.');
  return `${prefix}.${type.version}.${type.kind}${suffix}`;
}
