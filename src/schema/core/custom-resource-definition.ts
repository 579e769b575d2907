// tidy: table
import { flag, freeObject, instant, integer, keyedList, list, object, text, textList } from '../builders.ts';
import { topLevel } from './object-meta.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import type { StructuralSchema } from '../structural-schema.ts';

/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
export const customResourceDefinitions: ResourceType<KubeObject> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const names = object(
  'What the kind is called.',
  {
    plural: text('In paths, lower case.'),
    singular: text('On the command line; the kind in lower case by default.'),
    kind: text('In manifests.'),
    listKind: text('Of lists; the kind and List by default.'),
    shortNames: textList('Short for the command line.'),
    categories: textList('Groups of kinds, such as all.'),
  },
  { required: ['plural', 'kind'] },
);

const printerColumn = object(
  'A column of kubectl get.',
  {
    name: text('Heading.'),
    type: text('string, integer, number, boolean or date.'),
    format: text('OpenAPI format.'),
    description: text('What it says.'),
    priority: integer('0 is always shown, more only with -o wide.'),
    jsonPath: text('Where the value is.'),
  },
  { required: ['name', 'type', 'jsonPath'] },
);

const version = object(
  'A version of the kind.',
  {
    name: text('Such as v1.'),
    served: flag('Whether it can be used.'),
    storage: flag('Whether objects are kept in it; exactly one is.'),
    deprecated: flag('Whether clients are warned.'),
    deprecationWarning: text('The warning.'),
    schema: object('What objects look like.', { openAPIV3Schema: freeObject('A structural schema.') }),
    subresources: object('Further endpoints.', {
      status: freeObject('Status is written through an endpoint of its own.'),
      scale: freeObject('Not served by this server.'),
    }),
    additionalPrinterColumns: list('Columns of kubectl get.', printerColumn),
    selectableFields: list(
      'Fields that can be selected.',
      object('A field.', { jsonPath: text('Where it is.') }, { required: ['jsonPath'] }),
    ),
  },
  { required: ['name', 'served', 'storage'] },
);

/** The schema of a CRD itself; what is below `openAPIV3Schema` is checked by `checkStructural`. */
export const customResourceDefinitionSchema: StructuralSchema = topLevel(
  'Adds a kind to the API.',
  {
    spec: object(
      'The kind.',
      {
        group: text('API group.'),
        names,
        scope: text('Namespaced or Cluster.', { enum: ['Namespaced', 'Cluster'] }),
        versions: list('Versions of the kind.', version),
        preserveUnknownFields: flag('Must be false.'),
        conversion: object(
          'How versions are converted.',
          { strategy: text('None.'), webhook: freeObject('Not served by this server.') },
          { required: ['strategy'] },
        ),
      },
      { required: ['group', 'names', 'scope', 'versions'] },
    ),
    status: object('What the server made of it.', {
      conditions: keyedList(
        'Established, NamesAccepted, …',
        ['type'],
        object(
          'One condition.',
          {
            type: text('What it is about.'),
            status: text('True, False or Unknown.'),
            reason: text('One word.'),
            message: text('A sentence.'),
            lastTransitionTime: instant('When it changed.'),
            observedGeneration: integer('Generation.'),
          },
          { required: ['type', 'status'] },
        ),
      ),
      acceptedNames: names,
      storedVersions: textList('Versions objects were ever kept in.'),
      observedGeneration: integer('Generation.'),
    }),
  },
  { required: ['spec'] },
);
