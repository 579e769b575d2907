import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { checkClaim, checkEvent, checkLease } from './check-simple.ts';

const said = (causes: readonly StatusCause[]): readonly string[] =>
  causes.map(({ field, reason }) => `${field}: ${reason}`);
const object = (members: JsonObject): UnknownObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'a', namespace: 'n' },
  ...members,
});

describe('checkClaim', () => {
  const good = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const found = (spec: JsonObject): readonly string[] => said(checkClaim(object({ spec: { ...good, ...spec } })));

  it('takes a claim that says how much and how', () => assert.deepEqual(found({}), []));
  it('asks for a way of access it knows', () => {
    assert.deepEqual(found({ accessModes: [] }), ['spec.accessModes: FieldValueRequired']);
    assert.deepEqual(found({ accessModes: ['Some'] }), ['spec.accessModes: FieldValueNotSupported']);
  });
  it('asks for an amount above nothing', () => {
    assert.deepEqual(found({ resources: {} }), ['spec.resources[storage]: FieldValueRequired']);
    for (const storage of ['0', '-1Gi', 'lots'])
      assert.deepEqual(found({ resources: { requests: { storage } } }), ['spec.resources[storage]: FieldValueInvalid']);
  });
  it('knows two modes of volumes', () => {
    assert.deepEqual(found({ volumeMode: 'Some' }), ['spec.volumeMode: FieldValueNotSupported']);
  });
});

describe('checkLease', () => {
  it('takes no times and counts below what there can be', () => {
    assert.deepEqual(said(checkLease(object({ spec: { leaseDurationSeconds: 1, leaseTransitions: 0 } }))), []);
    assert.deepEqual(said(checkLease(object({ spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }))), [
      'spec.leaseDurationSeconds: FieldValueInvalid',
      'spec.leaseTransitions: FieldValueInvalid',
    ]);
    assert.deepEqual(checkLease(object({})), []);
  });
});

describe('checkEvent', () => {
  it('asks that an event lies where its object does', () => {
    assert.deepEqual(checkEvent(object({ involvedObject: { namespace: 'n' } })), []);
    assert.deepEqual(said(checkEvent(object({ involvedObject: { namespace: 'm' } }))), [
      'involvedObject.namespace: FieldValueInvalid',
    ]);
    assert.equal(checkEvent(object({ involvedObject: {} })).length, 1);
    const ofNode = { ...object({ involvedObject: {} }), metadata: { name: 'a', namespace: 'default' } };
    assert.deepEqual(checkEvent(ofNode), []);
  });
});
