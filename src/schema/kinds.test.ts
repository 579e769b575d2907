import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '../base/json.ts';
import type { UnknownObject } from '../kube/object.ts';
import { applySchema } from './apply-schema.ts';
import { canonicalKeys } from './canonical-keys.ts';
import { builtinKinds } from './core/builtin-kinds.ts';
import type { KindDefinition } from './kind-definition.ts';
import { prepareObject, unknownFieldsMessage } from './prepare-object.ts';
import type { PreparedObject } from './prepare-object.ts';
import { tektonKinds } from './tekton/tekton-kinds.ts';

function kind(name: string): KindDefinition {
  const found = [...builtinKinds, ...tektonKinds].find((definition) => definition.type.kind === name);
  assert.ok(found, name);
  return found;
}

function create(definition: KindDefinition, value: object): PreparedObject {
  const prepared = prepareObject(definition, value as UnknownObject, { create: true });
  assert.deepEqual(prepared.causes, []);
  return prepared;
}

describe('built-in kinds', () => {
  it('fills the defaults of a pod that clients expect', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', creationTimestamp: null },
      spec: {
        containers: [
          { name: 'c', image: 'busybox', resources: { limits: { cpu: '1' } }, ports: [{ containerPort: 80 }] },
        ],
        initContainers: [
          { name: 'i', image: 'busybox:1.36', restartPolicy: 'Always', livenessProbe: { httpGet: { port: 80 } } },
        ],
        volumes: [{ name: 'v' }, { name: 's', secret: { secretName: 's' } }],
      },
      status: {},
    };
    const { object, unknownFields } = create(kind('Pod'), pod);
    assert.deepEqual(unknownFields, []);
    assert.deepEqual(object['spec'], {
      containers: [
        {
          name: 'c',
          image: 'busybox',
          resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'Always',
        },
      ],
      initContainers: [
        {
          name: 'i',
          image: 'busybox:1.36',
          restartPolicy: 'Always',
          livenessProbe: {
            httpGet: { port: 80, path: '/', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 's', secret: { secretName: 's', defaultMode: 420 } },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      securityContext: {},
    });
    assert.deepEqual(object['status'], { phase: 'Pending', qosClass: 'Burstable' });
  });

  it('moves stringData of a secret into data', () => {
    const { object } = create(kind('Secret'), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      stringData: { a: 'grüß' },
    });
    assert.deepEqual([object['data'], object['stringData'], object['type']], [{ a: 'Z3LDvMOf' }, undefined, 'Opaque']);
  });

  it('tolerates equal names of variables, as Kubernetes does, but not of containers', () => {
    const container = { name: 'c', env: [{ name: 'A' }, { name: 'A' }] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: [container, container] } };
    const { causes } = applySchema(kind('Pod').schema, pod as Json);
    assert.deepEqual(
      causes.map((cause) => cause.field),
      ['spec.containers[1]'],
    );
  });

  it('has a name, a schema and a path or a value for every column', () => {
    for (const definition of [...builtinKinds, ...tektonKinds]) {
      assert.ok(definition.schema.properties?.['metadata'], definition.type.kind);
      for (const column of definition.printerColumns) assert.ok(column.jsonPath ?? column.value, column.name);
    }
  });
});

describe('Tekton kinds', () => {
  it('takes keys of any case', () => {
    const run = {
      spec: {
        taskSpec: {
          workspaces: [{ name: 'w', mountpath: '/x' }],
          Steps: [{ image: 'i', params: [{ name: 'p', value: { mountpath: 'kept' } }] }],
        },
      },
    };
    const canonical = canonicalKeys(kind('TaskRun').schema, run) as object;
    assert.deepEqual(canonical, {
      spec: {
        taskSpec: {
          workspaces: [{ name: 'w', mountPath: '/x' }],
          steps: [{ image: 'i', params: [{ name: 'p', value: { mountpath: 'kept' } }] }],
        },
      },
    });
    assert.equal(canonicalKeys(kind('TaskRun').schema, canonical), canonical);
  });

  it('keeps every shape of a param value', () => {
    const params = [
      { name: 'a', value: 's' },
      { name: 'b', value: ['x'] },
      { name: 'c', value: { k: 'v' } },
      { name: 'd', value: 5 },
    ];
    const run = {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { name: 'r' },
      spec: { pipelineRef: { name: 'p' }, params },
    };
    const { object, unknownFields } = create(kind('PipelineRun'), run);
    assert.deepEqual([object, unknownFields], [run, []]);
  });

  it('leaves an object alone that is already right', () => {
    const run = {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { name: 'r' },
      spec: { taskRef: { name: 't' } },
    };
    assert.equal(create(kind('TaskRun'), run).object, run);
  });

  it('does not complete what is not valid', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: 5 } };
    const { causes, object } = prepareObject(kind('Pod'), pod, { create: true });
    assert.deepEqual([causes.length, object['status']], [1, undefined]);
  });

  it('names the path of an unknown field in an embedded task', () => {
    const run = {
      spec: { pipelineSpec: { tasks: [{ name: 't', taskSpec: { steps: [{ image: 'i', scirpt: 'x' }] } }] } },
    };
    const { unknownFields } = applySchema(kind('PipelineRun').schema, run as Json);
    assert.deepEqual(unknownFields, ['spec.pipelineSpec.tasks[0].taskSpec.steps[0].scirpt']);
    assert.equal(unknownFieldsMessage(['a', 'b[0]']), 'strict decoding error: unknown field "a", unknown field "b[0]"');
  });
});
