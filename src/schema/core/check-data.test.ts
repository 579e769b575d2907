import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import { checkConfigMap, checkSecret, dataBytesMax } from './check-data.ts';

const base = { apiVersion: 'v1', metadata: { name: 'a' } };
const said = (causes: readonly StatusCause[]): readonly string[] =>
  causes.map(({ field, reason }) => `${field}: ${reason}`);
const inMap = (members: JsonObject): readonly string[] =>
  said(checkConfigMap({ ...base, kind: 'ConfigMap', ...members }));
const inSecret = (members: JsonObject, annotations = {}): readonly string[] =>
  said(
    checkSecret({
      ...base,
      metadata: { name: 'a', annotations },
      kind: 'Secret',
      ...members,
    }),
  );

describe('checkConfigMap', () => {
  it('takes keys that can name files, and no others', () => {
    assert.deepEqual(inMap({ data: { 'a.B-c_1': '', '.hidden': '' }, binaryData: { b: '' } }), []);
    for (const key of ['', 'a b', 'a/b', '.', '..', '..a', 'k'.repeat(254)])
      assert.deepEqual(inMap({ data: { [key]: '' } }), [`data[${key}]: FieldValueInvalid`]);
  });

  it('has a key in one place', () => {
    assert.deepEqual(inMap({ data: { a: '' }, binaryData: { a: '' } }), ['data[a]: FieldValueInvalid']);
  });

  it('holds so many bytes, of both kinds together', () => {
    const half = dataBytesMax / 2;
    const binary = Buffer.alloc(half).toString('base64');
    assert.deepEqual(inMap({ data: { a: 'x'.repeat(half) }, binaryData: { b: binary } }), []);
    assert.deepEqual(inMap({ data: { a: 'x'.repeat(half), c: 'x' }, binaryData: { b: binary } }), [
      'data: FieldValueTooLong',
    ]);
    assert.deepEqual(inMap({ data: { a: '\u00e4'.repeat(half + 1) } }), ['data: FieldValueTooLong']);
  });
});

describe('checkSecret', () => {
  it('holds so many bytes under keys that can name files', () => {
    assert.deepEqual(inSecret({ data: { '..': '' } }), ['data[..]: FieldValueInvalid']);
    assert.deepEqual(inSecret({ data: { a: Buffer.alloc(dataBytesMax).toString('base64') } }), []);
    assert.deepEqual(inSecret({ data: { a: Buffer.alloc(dataBytesMax + 1).toString('base64') } }), [
      'data: FieldValueTooLong',
    ]);
  });

  it('has what its type demands', () => {
    const type = (name: string): JsonObject => ({ type: `kubernetes.io/${name}` });
    assert.deepEqual(inSecret(type('tls')), ['data[tls.crt]: FieldValueRequired', 'data[tls.key]: FieldValueRequired']);
    assert.deepEqual(inSecret({ ...type('tls'), data: { 'tls.crt': '', 'tls.key': '' } }), []);
    assert.deepEqual(inSecret(type('dockerconfigjson')), ['data[.dockerconfigjson]: FieldValueRequired']);
    assert.deepEqual(inSecret(type('ssh-auth')), ['data[ssh-privatekey]: FieldValueRequired']);
    assert.equal(inSecret(type('basic-auth')).length, 2);
    assert.deepEqual(inSecret({ ...type('basic-auth'), data: { password: '' } }), []);
    assert.equal(inSecret(type('service-account-token')).length, 1);
    assert.deepEqual(inSecret(type('service-account-token'), { 'kubernetes.io/service-account.name': 'x' }), []);
    assert.deepEqual(inSecret({ type: 'toString' }), []);
  });
});
