import type { JsonObject } from '../base/json.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';

/** Resources by the kinds of an installation, and whether they live in namespaces. */
const resources: Readonly<Record<string, readonly [resource: string, namespaced: boolean]>> = {
  APIService: ['apiservices', false],
  ClusterRole: ['clusterroles', false],
  ClusterRoleBinding: ['clusterrolebindings', false],
  ConfigMap: ['configmaps', true],
  CustomResourceDefinition: ['customresourcedefinitions', false],
  Deployment: ['deployments', true],
  Ingress: ['ingresses', true],
  MutatingWebhookConfiguration: ['mutatingwebhookconfigurations', false],
  Namespace: ['namespaces', false],
  NetworkPolicy: ['networkpolicies', true],
  PodDisruptionBudget: ['poddisruptionbudgets', true],
  Role: ['roles', true],
  RoleBinding: ['rolebindings', true],
  Service: ['services', true],
  ServiceAccount: ['serviceaccounts', true],
  ServiceMonitor: ['servicemonitors', true],
  ValidatingWebhookConfiguration: ['validatingwebhookconfigurations', false],
};

/** Where objects like `object`, one of an installation, are found on an API server. */
export function resourceTypeOf(object: JsonObject): ResourceType {
  const { apiVersion, kind } = object as unknown as KubeObject;
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const found = resources[kind];
  if (found === undefined) throw new TypeError(`${kind} is no kind of an installation`);
  const [resource, namespaced] = found;
  return { group, version, resource, kind, namespaced };
}
