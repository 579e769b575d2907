/** What Penstock may do in a cluster, and what people may do with its kinds. A test compares the former with its calls. */
import type { JsonObject } from '../base/json.ts';
import { scheduleMemoryName } from '../forge/kinds/repository.ts';
import type { InstallOptions } from './install-options.ts';
import { detailsSecretName, settingsConfigMap } from '../forge/kinds/settings.ts';
import { commonLabels, installName, leaseName, newRepositoriesName, webhookSecretName } from './names.ts';

/** A rule of a Role: these verbs, on these resources. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const observe = ['get', 'list', 'watch'] as const;
const tekton = ['tekton.dev'] as const;
const core = [''] as const;

/** What the engine needs, in every namespace with pipelines. */
const engineRules: readonly PolicyRule[] = [
  { apiGroups: tekton, resources: ['tasks', 'pipelines'], verbs: observe },
  { apiGroups: tekton, resources: ['taskruns'], verbs: ['get', 'list', 'watch', 'create', 'patch'] },
  { apiGroups: tekton, resources: ['pipelineruns/status', 'taskruns/status'], verbs: ['update'] },
  // Where OwnerReferencesPermissionEnforcement is on, who blocks the deletion of an owner must be allowed this.
  { apiGroups: tekton, resources: ['pipelineruns/finalizers', 'taskruns/finalizers'], verbs: ['update'] },
  { apiGroups: core, resources: ['pods'], verbs: ['get', 'create', 'patch', 'delete'] },
  { apiGroups: core, resources: ['configmaps', 'persistentvolumeclaims'], verbs: ['get', 'create'] },
  { apiGroups: core, resources: ['events'], verbs: ['create'] },
  // Which secrets of its ServiceAccount a step needs to log in somewhere. Only those are read, but RBAC cannot say so.
  { apiGroups: core, resources: ['serviceaccounts'], verbs: observe },
  { apiGroups: core, resources: ['secrets'], verbs: ['get'] },
];

/** What the gate needs; both engines leave runs to it. */
const gateRules: readonly PolicyRule[] = [
  { apiGroups: tekton, resources: ['pipelineruns'], verbs: ['get', 'list', 'watch', 'patch'] },
  { apiGroups: ['penstock.dev'], resources: ['gates'], verbs: ['list', 'watch', 'create', 'patch'] },
  { apiGroups: ['penstock.dev'], resources: ['gates/status'], verbs: ['update'] },
  { apiGroups: ['pipelinesascode.tekton.dev'], resources: ['repositories'], verbs: ['list', 'watch'] },
  // Signs of distress: pods that find no node, nodes that are not ready.
  { apiGroups: core, resources: ['pods', 'nodes'], verbs: ['list', 'watch'] },
];

/** What the triggers need, in every namespace with a Repository: its secrets by name, and a word where something is wrong. */
const triggerRules: readonly PolicyRule[] = [
  { apiGroups: ['pipelinesascode.tekton.dev'], resources: ['repositories'], verbs: ['list', 'watch'] },
  { apiGroups: core, resources: ['secrets'], verbs: ['get'] },
  { apiGroups: core, resources: ['events'], verbs: ['create'] },
];

/** What making runs of what came in needs besides, in every namespace with a Repository: runs, each with a Secret to clone with. */
const plannerRules: readonly PolicyRule[] = [
  { apiGroups: tekton, resources: ['pipelineruns'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { apiGroups: core, resources: ['secrets'], verbs: ['get', 'create', 'patch', 'delete'] },
  { apiGroups: ['penstock.dev'], resources: ['commitstatuses'], verbs: ['list', 'watch'] },
];

/** What showing statuses needs: what became of runs, the end of a log, and the objects that say what a host has been shown. */
const reportRules: readonly PolicyRule[] = [
  { apiGroups: tekton, resources: ['pipelineruns', 'taskruns'], verbs: observe },
  // `pipelinerun_status` is part of the object itself.
  { apiGroups: ['pipelinesascode.tekton.dev'], resources: ['repositories'], verbs: ['get', 'list', 'watch', 'patch'] },
  {
    apiGroups: ['penstock.dev'],
    resources: ['commitstatuses'],
    verbs: ['get', 'list', 'watch', 'create', 'update', 'delete'],
  },
  { apiGroups: ['penstock.dev'], resources: ['commitstatuses/status'], verbs: ['update'] },
  { apiGroups: core, resources: ['pods/log'], verbs: ['get'] },
  // The token of the host, and what must not be seen in a text.
  { apiGroups: core, resources: ['secrets'], verbs: ['get'] },
  { apiGroups: core, resources: ['events'], verbs: ['create'] },
];

/** What the triggers need in Penstock's own namespace: what comes in is stored there, judged, and after a while deleted. */
const inboxRules: readonly PolicyRule[] = [
  { apiGroups: ['penstock.dev'], resources: ['deliveries'], verbs: ['get', 'list', 'watch', 'create', 'delete'] },
  { apiGroups: ['penstock.dev'], resources: ['deliveries/status'], verbs: ['update'] },
  // How far schedules are.
  { apiGroups: core, resources: ['configmaps'], verbs: ['create'] },
  { apiGroups: core, resources: ['configmaps'], resourceNames: [scheduleMemoryName], verbs: ['get', 'patch'] },
];

/** Whom API servers trust is published by Penstock itself, in its own two configurations. */
const webhookRules: readonly PolicyRule[] = [
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    resourceNames: [installName],
    verbs: ['get', 'patch'],
  },
];

/** What `auto-configure-new-github-repo` needs besides. Whoever may make namespaces can fill a cluster: only who wants it has it. */
export const newRepositoryRules: readonly PolicyRule[] = [
  { apiGroups: core, resources: ['namespaces'], verbs: ['get', 'create'] },
  { apiGroups: ['pipelinesascode.tekton.dev'], resources: ['repositories'], verbs: ['create'] },
];

/** Rules of the ClusterRole. */
export function clusterRules({ engine }: Pick<InstallOptions, 'engine'>): readonly PolicyRule[] {
  return [
    ...(engine === 'penstock' ? engineRules : []),
    ...gateRules,
    ...triggerRules,
    ...plannerRules,
    ...reportRules,
    ...webhookRules,
  ];
}

/** Rules of the Role in Penstock's own namespace. A create cannot be limited to a name. */
export const ownNamespaceRules: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [leaseName], verbs: ['get', 'update'] },
  { apiGroups: core, resources: ['secrets'], verbs: ['create'] },
  { apiGroups: core, resources: ['secrets'], resourceNames: [webhookSecretName], verbs: ['get', 'update'] },
  // The key by which links of statuses are signed.
  { apiGroups: core, resources: ['secrets'], resourceNames: [detailsSecretName], verbs: ['get'] },
  ...inboxRules,
  { apiGroups: core, resources: ['configmaps'], resourceNames: [settingsConfigMap], verbs: ['get'] },
];

/** ServiceAccount, roles and their bindings. */
export function accessObjects(options: InstallOptions): readonly JsonObject[] {
  const { namespace } = options;
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name: installName, labels: commonLabels };
  const own = { ...metadata, namespace };
  const subjects = [{ kind: 'ServiceAccount', name: installName, namespace }];
  const roleRef = (kind: string): JsonObject => ({ apiGroup: rbac, kind, name: installName });
  const apiVersion = `${rbac}/v1`;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: own, automountServiceAccountToken: false },
    { apiVersion, kind: 'ClusterRole', metadata, rules: asJson(clusterRules(options)) },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, subjects, roleRef: roleRef('ClusterRole') },
    { apiVersion, kind: 'Role', metadata: own, rules: asJson(ownNamespaceRules) },
    { apiVersion, kind: 'RoleBinding', metadata: own, subjects, roleRef: roleRef('Role') },
    ...peopleRoles(options),
  ];
}

/** The role for {@link newRepositoryRules}, beside the others. */
export function newRepositoryAccess({ namespace }: InstallOptions): readonly JsonObject[] {
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name: newRepositoriesName, labels: commonLabels };
  const subjects = [{ kind: 'ServiceAccount', name: installName, namespace }];
  const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: newRepositoriesName };
  const apiVersion = `${rbac}/v1`;
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules: asJson(newRepositoryRules) },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, subjects, roleRef },
  ];
}

/** What the roles `view`, `edit` and `admin` of Kubernetes may do with the kinds that are installed here. */
function peopleRoles({ tektonCrds }: InstallOptions): readonly JsonObject[] {
  const runs = tektonCrds
    ? [{ group: 'tekton.dev', resources: ['tasks', 'pipelines', 'taskruns', 'pipelineruns'] }]
    : [];
  const role = (name: string, to: readonly string[], rules: readonly PolicyRule[]): JsonObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: {
      name: `${installName}-${name}`,
      labels: {
        ...commonLabels,
        ...Object.fromEntries(to.map((role_) => [`rbac.authorization.k8s.io/aggregate-to-${role_}`, 'true'])),
      },
    },
    rules: asJson(rules),
  });
  const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];
  const own: PolicyRule = { apiGroups: ['penstock.dev'], resources: ['gates', 'commitstatuses'], verbs: observe };
  const asRules = (verbs: readonly string[]): readonly PolicyRule[] =>
    runs.map(({ group, resources }) => ({ apiGroups: [group], resources, verbs }));
  return [
    role('view', ['view', 'edit', 'admin'], [...asRules(observe), own]),
    ...(runs.length === 0 ? [] : [role('edit', ['edit', 'admin'], asRules(write))]),
  ];
}

function asJson(rules: readonly PolicyRule[]): readonly JsonObject[] {
  return rules as unknown as readonly JsonObject[];
}
