// tidy: table
import { integer, keyedList, list, object, text, textList, textMap } from '../builders.ts';
import type { StructuralSchema } from '../structural-schema.ts';

/** A label selector: `matchLabels` and `matchExpressions`, all of which must hold. */
export const labelSelector: StructuralSchema = object(
  'Selects objects by labels; all terms must hold.',
  {
    matchLabels: textMap('Labels that must be equal.'),
    matchExpressions: list(
      'Further terms.',
      object(
        'One term.',
        {
          key: text('Label key.'),
          operator: text('In, NotIn, Exists or DoesNotExist.'),
          values: textList('Values for In and NotIn.'),
        },
        { required: ['key', 'operator'] },
      ),
    ),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

/** A reference to an object in the same namespace by name. */
export const localReference: StructuralSchema = object(
  'Names an object in the same namespace.',
  { name: text('Name of the object.') },
  { 'x-kubernetes-map-type': 'atomic' },
);

/** A reference to any object. */
export const objectReference: StructuralSchema = object(
  'Names an object.',
  {
    apiVersion: text('API version.'),
    kind: text('Kind.'),
    namespace: text('Namespace.'),
    name: text('Name.'),
    uid: text('UID.'),
    resourceVersion: text('Version.'),
    fieldPath: text('Part of the object that is meant.'),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

/** A reference to an object of a given API group in the same namespace. */
export const typedReference: StructuralSchema = object(
  'Names an object of an API group in the same namespace.',
  {
    apiGroup: text('API group; empty for the core group.'),
    kind: text('Kind.'),
    name: text('Name.'),
    namespace: text('Namespace.'),
  },
  { required: ['kind', 'name'] },
);

const nodeTerm = object(
  'A term over node labels and fields.',
  {
    matchExpressions: list('Terms over labels.', nodeExpression('label')),
    matchFields: list('Terms over fields.', nodeExpression('field')),
  },
  { 'x-kubernetes-map-type': 'atomic' },
);

function nodeExpression(what: string): StructuralSchema {
  return object(
    `A term over a node ${what}.`,
    {
      key: text(`The ${what}.`),
      operator: text('In, NotIn, Exists, DoesNotExist, Gt or Lt.'),
      values: textList('Values to compare with.'),
    },
    { required: ['key', 'operator'] },
  );
}

const podTerm = object(
  'Pods that run, or do not run, in the same place.',
  {
    labelSelector,
    namespaceSelector: labelSelector,
    namespaces: textList('Namespaces the selector applies to.'),
    topologyKey: text('Node label that says what "the same place" is.'),
    matchLabelKeys: textList('Labels whose values are taken from the incoming pod.'),
    mismatchLabelKeys: textList('Labels whose values must differ from the incoming pod.'),
  },
  { required: ['topologyKey'] },
);

function weighted(member: string, term: StructuralSchema): StructuralSchema {
  return object('A preference.', { weight: integer('1 to 100.'), [member]: term }, { required: ['weight', member] });
}

function podAffinity(description: string): StructuralSchema {
  return object(description, {
    requiredDuringSchedulingIgnoredDuringExecution: list('Must hold when the pod is placed.', podTerm),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      'Should hold when the pod is placed.',
      weighted('podAffinityTerm', podTerm),
    ),
  });
}

/** `affinity` of a pod. */
export const affinity: StructuralSchema = object('Where the pod wants to run.', {
  nodeAffinity: object('Nodes the pod wants.', {
    requiredDuringSchedulingIgnoredDuringExecution: object(
      'Nodes that are possible at all; one of the terms must hold.',
      { nodeSelectorTerms: list('Alternatives.', nodeTerm) },
      { required: ['nodeSelectorTerms'], 'x-kubernetes-map-type': 'atomic' },
    ),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      'Nodes that are preferred.',
      weighted('preference', nodeTerm),
    ),
  }),
  podAffinity: podAffinity('Pods to be near.'),
  podAntiAffinity: podAffinity('Pods to be away from.'),
});

/** `tolerations` of a pod. */
export const tolerations: StructuralSchema = list(
  'Taints of nodes the pod puts up with.',
  object('A taint, by key, value and effect.', {
    key: text('Taint key; empty means all.'),
    operator: text('Exists or Equal.'),
    value: text('Taint value.'),
    effect: text('NoSchedule, PreferNoSchedule or NoExecute; empty means all.'),
    tolerationSeconds: { type: 'integer', format: 'int64', description: 'How long NoExecute is put up with.' },
  }),
);

/** `topologySpreadConstraints` of a pod. */
export const topologySpreadConstraints: StructuralSchema = keyedList(
  'How pods are spread over zones and nodes.',
  ['topologyKey', 'whenUnsatisfiable'],
  object(
    'One rule.',
    {
      maxSkew: integer('Largest difference in the number of pods.'),
      topologyKey: text('Node label that says what a place is.'),
      whenUnsatisfiable: text('DoNotSchedule or ScheduleAnyway.'),
      labelSelector,
      minDomains: integer('Least number of places.'),
      nodeAffinityPolicy: text('Honor or Ignore.'),
      nodeTaintsPolicy: text('Honor or Ignore.'),
      matchLabelKeys: textList('Labels whose values are taken from the incoming pod.'),
    },
    { required: ['maxSkew', 'topologyKey', 'whenUnsatisfiable'] },
  ),
);

/** `dnsConfig` of a pod. */
export const dnsConfig: StructuralSchema = object('DNS settings.', {
  nameservers: textList('Addresses of name servers.'),
  searches: textList('Search domains.'),
  options: list('Resolver options.', object('One option.', { name: text('Name.'), value: text('Value.') })),
});

/** `hostAliases` of a pod. */
export const hostAliases: StructuralSchema = keyedList(
  'Further lines of the hosts file.',
  ['ip'],
  object('One line.', { ip: text('Address.'), hostnames: textList('Names of that address.') }, { required: ['ip'] }),
);

/** `schedulingGates` of a pod. */
export const schedulingGates: StructuralSchema = keyedList(
  'Names that must be removed before the pod is placed.',
  ['name'],
  object('One gate.', { name: text('Name.') }, { required: ['name'] }),
);

/** `readinessGates` of a pod. */
export const readinessGates: StructuralSchema = list(
  'Conditions that must be true for the pod to be ready.',
  object('One condition.', { conditionType: text('Type of the condition.') }, { required: ['conditionType'] }),
);
