import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deepFreeze } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { configMapSchema } from '../../schema/core/simple-schemas.ts';
import { podSchema } from '../../schema/core/pod.ts';
import { pathsOf } from './field-set.ts';
import { applyObject } from './apply.ts';
import { isSameContent, managedFieldsForUpdate } from './managed-fields.ts';
import { managersOf } from './managers.ts';

const [t1, t2, t3] = ['2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', '2026-01-01T00:00:03Z'] as const;

interface By {
  readonly manager: string;
  readonly time?: string;
  readonly force?: boolean;
  readonly subresource?: string;
}

function configMap(data: JsonObject, metadata: JsonObject = {}): UnknownObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', ...metadata },
    data,
  };
}

function pod(spec: JsonObject, rest: JsonObject = {}): UnknownObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec, ...rest };
}

function apply(live: UnknownObject | undefined, applied: UnknownObject, by: By): UnknownObject {
  const schema = applied.kind === 'Pod' ? podSchema : configMapSchema;
  const request = { schema, hasStatus: applied.kind === 'Pod', subresource: '', time: t1, force: false, ...by };
  return deepFreeze(applyObject({ ...request, live: live && deepFreeze(live), applied: deepFreeze(applied) }));
}

function update(before: UnknownObject | undefined, after: UnknownObject, by: By): UnknownObject {
  const schema = after.kind === 'Pod' ? podSchema : configMapSchema;
  const managedFields = managedFieldsForUpdate(before, after, {
    schema,
    hasStatus: after.kind === 'Pod',
    subresource: '',
    time: t1,
    ...by,
  });
  return deepFreeze({ ...after, metadata: { ...after.metadata, managedFields } });
}

function owners(object: UnknownObject): Readonly<Record<string, readonly string[]>> {
  const managers = managersOf(object.metadata.managedFields ?? []);
  return Object.fromEntries(
    managers.map((entry) => [`${entry.manager}/${entry.operation}${entry.subresource}`, pathsOf(entry.fields)]),
  );
}

function conflictOf(run: () => unknown): ApiStatusError {
  try {
    run();
  } catch (thrown) {
    assert.ok(thrown instanceof ApiStatusError);
    return thrown;
  }
  assert.fail('no conflict');
}

describe('applyObject', () => {
  it('creates an object and owns exactly what was applied', () => {
    const created = apply(undefined, configMap({ a: '1' }, { labels: { x: 'y' } }), { manager: 'me' });
    assert.deepEqual(created['data'], { a: '1' });
    assert.deepEqual(created.metadata.managedFields, [
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'v1',
        time: t1,
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:x': {} } } },
      },
    ]);
  });

  it('changes nothing when applied again, later', () => {
    const created = apply(undefined, configMap({ a: '1' }), { manager: 'me' });
    const again = apply(created, configMap({ a: '1' }), { manager: 'me', time: t2 });
    assert.deepEqual(again, created);
  });

  it('removes what its only owner applies no longer, and keeps what another owns too', () => {
    const mine = apply(undefined, configMap({ a: '1', b: '2', c: '3' }), { manager: 'me' });
    const shared = apply(mine, configMap({ b: '2' }), { manager: 'you' });
    const less = apply(shared, configMap({ c: '3' }), { manager: 'me', time: t2 });
    assert.deepEqual(less['data'], { b: '2', c: '3' });
    assert.deepEqual(owners(less), { 'me/Apply': ['.data.c'], 'you/Apply': ['.data.b'] });
    assert.deepEqual(apply(less, configMap({}), { manager: 'me' })['data'], { b: '2' });
  });

  it('refuses to overwrite what others set to another value, naming them', () => {
    const yours = apply(undefined, configMap({ a: '1', b: '1' }), { manager: 'you' });
    const conflict = conflictOf(() => apply(yours, configMap({ a: '2' }), { manager: 'me' }));
    assert.equal(conflict.status, 409);
    assert.equal(conflict.message, 'Apply failed with 1 conflict: conflict with "you": .data.a');
    assert.deepEqual(conflict.details.causes, [
      { reason: 'FieldManagerConflict', message: 'conflict with "you"', field: '.data.a' },
    ]);
    const two = conflictOf(() => apply(yours, configMap({ a: '2', b: '2' }), { manager: 'me' }));
    assert.equal(two.message, 'Apply failed with 2 conflicts: conflicts with "you":\n- .data.a\n- .data.b');
  });

  it('takes over with force', () => {
    const yours = apply(undefined, configMap({ a: '1', b: '1' }), { manager: 'you' });
    const forced = apply(yours, configMap({ a: '2' }), { manager: 'me', force: true, time: t2 });
    assert.deepEqual(forced['data'], { a: '2', b: '1' });
    assert.deepEqual(owners(forced), { 'you/Apply': ['.data.b'], 'me/Apply': ['.data.a'] });
  });

  it('conflicts with the fields of an ordinary write, with version and time', () => {
    const created = update(undefined, configMap({ a: '1' }), { manager: 'kubectl-create' });
    const conflict = conflictOf(() => apply(created, configMap({ a: '2' }), { manager: 'me' }));
    assert.equal(
      conflict.message,
      `Apply failed with 1 conflict: conflict with "kubectl-create" using v1 at ${t1}: .data.a`,
    );
  });

  it('merges lists by key, keeping items of others and the order of the applier', () => {
    const first = apply(
      undefined,
      pod({
        containers: [
          { name: 'a', image: 'x' },
          { name: 'b', image: 'y' },
        ],
      }),
      { manager: 'me' },
    );
    const more = apply(first, pod({ containers: [{ name: 'side', image: 's' }] }), { manager: 'mesh' });
    const changed = apply(
      more,
      pod({
        containers: [
          { name: 'b', image: 'y' },
          { name: 'a', image: 'z' },
        ],
      }),
      { manager: 'me' },
    );
    assert.deepEqual(changed['spec'], {
      containers: [
        { name: 'b', image: 'y' },
        { name: 'side', image: 's' },
        { name: 'a', image: 'z' },
      ],
    });
    const conflict = conflictOf(() =>
      apply(changed, pod({ containers: [{ name: 'b', image: 'other' }] }), { manager: 'mesh' }),
    );
    assert.match(conflict.message, /conflict with "me": \.spec\.containers\[name="b"\]\.image$/);
    const fewer = apply(changed, pod({ containers: [{ name: 'b', image: 'y' }] }), { manager: 'me' });
    assert.deepEqual(fewer['spec'], {
      containers: [
        { name: 'b', image: 'y' },
        { name: 'side', image: 's' },
      ],
    });
  });

  it('tells ports apart by a key that has a default', () => {
    const ports = [{ containerPort: 80 }];
    const live = apply(undefined, pod({ containers: [{ name: 'a', ports }] }), { manager: 'me' });
    const defaulted = {
      ...live,
      spec: { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
    };
    const again = apply(defaulted, pod({ containers: [{ name: 'a', ports }] }), { manager: 'me', time: t2 });
    assert.deepEqual(again, defaulted);
  });

  it('keeps the status out of the main endpoint, and everything else out of the status endpoint', () => {
    const live = apply(undefined, pod({ nodeName: 'n' }, { status: { phase: 'Running' } }), { manager: 'me' });
    assert.equal('status' in live, false);
    const withStatus = apply(live, pod({ nodeName: 'other' }, { status: { phase: 'Running' } }), {
      manager: 'me',
      subresource: 'status',
    });
    assert.deepEqual([withStatus['spec'], withStatus['status']], [{ nodeName: 'n' }, { phase: 'Running' }]);
    assert.deepEqual(owners(withStatus), { 'me/Apply': ['.spec.nodeName'], 'me/Applystatus': ['.status.phase'] });
  });

  it('lets an untracked object belong to somebody before the first apply', () => {
    const live = configMap({ a: '1', b: '2' });
    const conflict = conflictOf(() => apply(live, configMap({ a: '2' }), { manager: 'me' }));
    assert.match(conflict.message, /conflict with "before-first-apply" using v1: \.data\.a$/);
    const same = apply(live, configMap({ a: '1' }), { manager: 'me' });
    assert.deepEqual(owners(same), { 'me/Apply': ['.data.a'], 'before-first-apply/Update': ['.data.a', '.data.b'] });
  });

  it('refuses what cannot be applied', () => {
    assert.match(
      conflictOf(() => apply(undefined, configMap({}), { manager: '' })).message,
      /fieldManager: Required value/,
    );
    assert.match(
      conflictOf(() => apply(undefined, configMap({}, { managedFields: [] }), { manager: 'me' })).message,
      /managedFields must be nil/,
    );
    assert.match(conflictOf(() => apply(undefined, configMap({}), { manager: 'm'.repeat(129) })).message, /Too long/);
  });
});

describe('applyObject and lists', () => {
  const refusal = (spec: JsonObject): string =>
    conflictOf(() => apply(undefined, pod(spec), { manager: 'me' })).message;

  it('refuses items it could not tell apart', () => {
    const env = [{ name: 'A' }, { name: 'A' }];
    assert.equal(
      refusal({ containers: [{ name: 'c', env }] }),
      'failed to create typed patch object: .spec.containers[name="c"].env: duplicate entries for key [name="A"]',
    );
    assert.match(
      refusal({ containers: [{ image: 'x' }] }),
      /\.spec\.containers: element 0: .* must have the key name$/,
    );
    assert.match(
      refusal({ containers: [{ name: 'c', ports: [{}] }] }),
      /ports: element 0: .* must have the key containerPort$/,
    );
  });

  it('keeps the last of equal variables that were there before', () => {
    const env = [{ name: 'A', value: '1' }, { name: 'B' }, { name: 'A', value: '2' }];
    const live = update(undefined, pod({ containers: [{ name: 'c', env }] }), { manager: 'you' });
    const changed = apply(live, pod({ containers: [{ name: 'c', env: [{ name: 'C' }] }] }), { manager: 'me' });
    assert.deepEqual(changed['spec'], {
      containers: [{ name: 'c', env: [{ name: 'A', value: '2' }, { name: 'B' }, { name: 'C' }] }],
    });
  });
});

describe('managedFieldsForUpdate', () => {
  it('gives the writer what it changed and takes it from the others', () => {
    const created = update(undefined, configMap({ a: '1', b: '1' }), { manager: 'creator' });
    assert.deepEqual(owners(created), { 'creator/Update': ['.data', '.data.a', '.data.b'] });
    const edited = update(created, { ...created, data: { a: '2', b: '1' } }, { manager: 'editor', time: t2 });
    assert.deepEqual(owners(edited), { 'creator/Update': ['.data', '.data.b'], 'editor/Update': ['.data.a'] });
    const emptied = update(edited, { ...edited, data: { b: '1' } }, { manager: 'third', time: t3 });
    assert.deepEqual(owners(emptied), { 'creator/Update': ['.data', '.data.b'] });
  });

  it('gives back the very list when nothing changed', () => {
    const created = update(undefined, configMap({ a: '1' }), { manager: 'creator' });
    const { managedFields, ...metadata } = created.metadata;
    const after = { ...configMap({ a: '1' }), metadata: { ...metadata, resourceVersion: '9' } };
    assert.equal(
      managedFieldsForUpdate(created, after, {
        schema: configMapSchema,
        hasStatus: false,
        manager: 'x',
        subresource: '',
        time: t2,
      }),
      managedFields,
    );
    assert.ok(isSameContent(created, configMap({ a: '1' })));
    assert.ok(!isSameContent(created, configMap({ a: '2' })));
  });

  it('tracks status writes as their own entry', () => {
    const created = update(undefined, pod({ nodeName: 'n' }), { manager: 'creator' });
    const running = update(
      created,
      { ...created, status: { phase: 'Running' } },
      { manager: 'node', subresource: 'status', time: t2 },
    );
    assert.deepEqual(owners(running), {
      'creator/Update': ['.spec', '.spec.nodeName'],
      'node/Updatestatus': ['.status', '.status.phase'],
    });
  });

  it('takes a list that the write itself rewrites, and a reset', () => {
    const created = update(undefined, configMap({ a: '1' }), { manager: 'kubectl-client-side-apply' });
    const [entry] = created.metadata.managedFields ?? [];
    assert.ok(entry);
    const rewritten = [{ ...entry, manager: 'kubectl', operation: 'Apply' as const }];
    const migrated = update(
      created,
      { ...created, metadata: { ...created.metadata, managedFields: rewritten } },
      { manager: 'kubectl' },
    );
    assert.deepEqual(owners(migrated), { 'kubectl/Apply': ['.data', '.data.a'] });
    const reset = [{}] as unknown as typeof rewritten;
    assert.deepEqual(
      update(created, { ...created, metadata: { ...created.metadata, managedFields: reset } }, { manager: 'x' })
        .metadata.managedFields,
      [],
    );
  });

  it('folds the oldest of too many managers into one', () => {
    let object = update(undefined, configMap({ start: '' }), { manager: 'm0' });
    for (let index = 1; index <= 15; index += 1) {
      const data = { ...(object['data'] as JsonObject), [`k${index}`]: '' };
      object = update(object, { ...object, data }, { manager: `m${index}`, time: `2026-01-01T00:00:${10 + index}Z` });
    }
    const names = Object.keys(owners(object));
    assert.equal(names.length, 10);
    assert.ok(names.includes('ancient-changes/Update') && names.includes('m15/Update'), names.join());
  });
});
