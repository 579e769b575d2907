import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import type { AdmissionRequest } from '../kube/admission.ts';
import type { UnknownObject } from '../kube/object.ts';
import { prepareObject } from '../schema/prepare-object.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import { tektonAdmission } from './admission.ts';
import { lintDocuments } from './lint.ts';
import { tasks } from './types.ts';

const step: JsonObject = {
  name: 's',
  image: 'busybox',
  args: ['$(params.l[*])'],
  env: [{ name: 'A', value: '$(params.o.k)', valueFrom: { secretKeyRef: { name: 'x', key: 'y' } } }],
  volumeMounts: [{ name: 'v', mountPath: '/v' }],
  workspaces: [{ name: 'w', mountPath: '/w' }],
  results: [{ name: 'r', value: 'x' }],
  when: [{ input: 'a', operator: 'in', values: ['b'] }],
  timeout: '1m',
  onError: '$(params.s)',
};

const taskSpec: JsonObject = {
  params: [
    { name: 's' },
    { name: 'l', type: 'array' },
    { name: 'o', properties: { k: { type: 'string' } }, default: { k: 'v' } },
  ],
  steps: [step],
  stepTemplate: { image: 'a' },
  sidecars: [{ name: 'x', image: 'y', script: 'z' }],
  volumes: [{ name: 'v', configMap: { name: 'c', items: [{ key: 'a', path: 'b' }] } }],
  workspaces: [{ name: 'w', mountPath: '/w', optional: true }],
  results: [{ name: 'r', type: 'object', properties: { k: {} }, value: '$(steps.s.results.r)' }],
};

const pipelineSpec: JsonObject = {
  params: [
    { name: 'p', default: '$(params.q)', enum: ['a'] },
    { name: 'q', default: ['a'] },
  ],
  workspaces: [{ name: 'w' }],
  tasks: [
    {
      name: 'a',
      taskSpec,
      params: [{ name: 's', value: '$(params.p)' }],
      workspaces: [{ name: 'w', subPath: 'x' }],
      timeout: '5m',
    },
    {
      name: 'b',
      taskRef: { name: 't', params: [] },
      runAfter: ['a'],
      retries: 1,
      onError: 'continue',
      when: [{ input: '$(tasks.a.results.r.k)', operator: 'in', values: ['x'] }],
    },
    {
      name: 'c',
      taskRef: { name: 't' },
      matrix: { params: [{ name: 'm', value: ['a'] }], include: [{ name: 'i', params: [{ name: 'n', value: 'x' }] }] },
    },
  ],
  finally: [{ name: 'f', taskRef: { name: 't' }, params: [{ name: 'x', value: '$(tasks.a.status)' }] }],
  results: [{ name: 'r', value: '$(tasks.a.results.r.k)' }],
};

const objects: readonly JsonObject[] = [
  { kind: 'Task', spec: taskSpec },
  { kind: 'Pipeline', spec: pipelineSpec },
  {
    kind: 'TaskRun',
    spec: {
      taskSpec,
      params: [{ name: 'l', value: ['a'] }],
      workspaces: [{ name: 'w', emptyDir: {}, subPath: 'x' }],
      podTemplate: { volumes: [{ name: 'p', emptyDir: {} }] },
      stepSpecs: [{ name: 's', computeResources: {} }],
    },
  },
  {
    kind: 'PipelineRun',
    spec: {
      pipelineSpec,
      params: [{ name: 'p', value: 'a' }],
      timeouts: { pipeline: '1h', tasks: '30m' },
      workspaces: [{ name: 'w', persistentVolumeClaim: { claimName: 'c' } }],
      taskRunSpecs: [{ pipelineTaskName: 'a', timeout: '1m', metadata: { labels: { a: 'b' } } }],
    },
  },
].map(({ kind, spec }) => ({ apiVersion: 'tekton.dev/v1', kind, metadata: { name: 'x' }, spec }));

/** What a hostile or careless client puts where something else belongs. */
const strange: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    '',
    0,
    -1,
    1.5,
    true,
    [],
    {},
    [null],
    [[]],
    [{}],
    { name: null },
    '$(params.p)',
    '$(tasks.a.results.r)',
    '__proto__',
    'constructor',
    '$(params.__proto__)',
    '$(params.constructor.name)',
    '../x',
    '\0',
    'a'.repeat(70),
    '$(',
    '$(params.q[99999999999999999999])',
  ),
  fc.json().map((text) => JSON.parse(text) as Json),
);

/** Every path in `value`. */
function pathsOf(
  value: Json | undefined,
  path: readonly (string | number)[] = [],
): readonly (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: readonly (readonly [string | number, Json | undefined])[] = Array.isArray(value)
    ? value.map((item: Json, index) => [index, item] as const)
    : Object.entries(value);
  return [path, ...entries.flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

function replaced(value: Json | undefined, [key, ...rest]: readonly (string | number)[], by: Json): Json {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item: Json, index) => (index === key ? replaced(item, rest, by) : item));
  const object = isJsonObject(value) ? value : {};
  return { ...object, [key]: replaced(object[key], rest, by) };
}

function admit(object: JsonObject): void {
  const plugin = tektonAdmission();
  const kind = tektonKinds.find(({ type }) => type.kind === object['kind']);
  assert.ok(kind);
  const request: AdmissionRequest = {
    operation: 'CREATE',
    type: { ...tasks, kind: kind.type.kind },
    key: { namespace: 'n', name: 'x' },
    object,
    user: { name: 'u', groups: [] },
    dryRun: false,
  };
  const filled = plugin.mutate?.(request) ?? object;
  if (!isJsonObject(filled['metadata'])) return;
  const prepared = prepareObject(kind, filled as unknown as UnknownObject, { create: true });
  if (prepared.causes.length > 0) return;
  plugin.validate?.({ ...request, object: prepared.object as unknown as JsonObject });
}

describe('whatever a client sends', () => {
  it('is admitted or refused, and linted, without an exception', () => {
    const choices = objects.flatMap((object) => pathsOf(object['spec'], ['spec']).map((path) => ({ object, path })));
    fc.assert(
      fc.property(fc.constantFrom(...choices), strange, ({ object, path }, by) => {
        const sent = replaced(object, path, by) as JsonObject;
        admit(sent);
        lintDocuments([sent, ...objects]);
      }),
      { numRuns: 500 },
    );
  });
});
