/**
 * Random histories of applies and updates by five managers, with what sigs.k8s.io/structured-merge-diff (v4.4.1, the
 * library of the Kubernetes API server) made of them: the object, the owners and the conflicts after each write.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { deepFreeze } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import { isApiError } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { keyedList, object, text, textList, textMap, textSet } from '../../schema/builders.ts';
import { topLevel } from '../../schema/core/object-meta.ts';
import { applyObject } from './apply.ts';
import { managedFieldsForUpdate } from './managed-fields.ts';

interface Write {
  readonly op: 'apply' | 'update';
  readonly manager: string;
  readonly force?: boolean;
  readonly object: JsonObject;
  readonly conflict?: boolean;
  readonly live?: JsonObject;
  readonly owned?: Readonly<Record<string, JsonObject>>;
}

const file = path.join(import.meta.dirname, 'testdata/histories.json');
const histories = JSON.parse(readFileSync(file, 'utf8')) as readonly (readonly Write[])[];

const item = object('', { name: text(''), v: text(''), m: textMap('') });
const schema = topLevel('', {
  spec: object('', {
    a: text(''),
    m: textMap(''),
    at: textMap('', { 'x-kubernetes-map-type': 'atomic' }),
    s: textSet(''),
    l: textList(''),
    k: keyedList('', ['name'], item),
  }),
});

function afterWrite(live: UnknownObject | undefined, { op, manager, force, object: content }: Write): UnknownObject {
  const written = { apiVersion: 'v1', kind: 'Thing', metadata: {}, ...content } as UnknownObject;
  const by = { schema, hasStatus: false, subresource: '', manager, time: '2026-01-01T00:00:00Z' };
  if (op === 'apply') return applyObject({ ...by, live, applied: written, force: force ?? false });
  return { ...written, metadata: { managedFields: managedFieldsForUpdate(live, written, by) } };
}

describe('field ownership', () => {
  it(`agrees with structured-merge-diff on ${histories.length} histories`, () => {
    assert.ok(histories.length >= 40);
    for (const [index, history] of histories.entries()) {
      let live: UnknownObject | undefined;
      for (const [step, write] of history.entries()) {
        const where = `history ${index}, write ${step}`;
        if (write.conflict) {
          assert.throws(
            () => afterWrite(live, write),
            (thrown) => isApiError(thrown, 'Conflict'),
            where,
          );
          continue;
        }
        live = deepFreeze(afterWrite(live, write));
        const { apiVersion: _version, kind: _kind, metadata, ...content } = live;
        assert.deepEqual(content, write.live, where);
        const owned = (metadata.managedFields ?? []).map((entry) => [entry.manager, entry.fieldsV1]);
        assert.deepEqual(Object.fromEntries(owned), write.owned ?? {}, where);
      }
    }
  });
});
