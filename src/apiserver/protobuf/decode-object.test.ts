import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../base/json.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { MessageWriter } from '../../schema/openapi/protobuf.ts';
import { configMapsPath, TestApi } from '../api-fixture.ts';
import { decodeProtobufObject, protobufType } from './decode-object.ts';

const message = (): MessageWriter => new MessageWriter();

/** A body as Go writes it. */
function envelope(apiVersion: string, kind: string, raw: MessageWriter): Buffer {
  const typeMeta = message().text(1, apiVersion).text(2, kind);
  return Buffer.concat([Buffer.from('k8s\0'), message().message(1, typeMeta).message(2, raw).bytes()]);
}

const entry = (key: string, value: string): MessageWriter => message().text(1, key).text(2, value);

/** Metadata with the empty fields that Go writes for everything that is no pointer. */
const metadata = (name: string): MessageWriter =>
  message().text(1, name).text(2, '').text(3, '').text(5, '').integer(7, 0).message(8, message());

function refusalOf(bytes: Uint8Array): ApiStatusError {
  try {
    decodeProtobufObject(bytes);
  } catch (thrown) {
    assert.ok(thrown instanceof ApiStatusError, String(thrown));
    return thrown;
  }
  return assert.fail('it was not refused');
}

describe('decodeProtobufObject', () => {
  it('reads maps, and leaves out what is empty', () => {
    const raw = message().message(1, metadata('a')).message(2, entry('k', 'v')).message(2, entry('e', ''));
    assert.deepEqual(decodeProtobufObject(envelope('v1', 'ConfigMap', raw)), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { k: 'v', e: '' },
    });
  });

  it('reads bytes as base64', () => {
    const raw = message().message(1, metadata('a')).message(2, entry('k', 'v')).text(3, 'Opaque');
    const secret = decodeProtobufObject(envelope('v1', 'Secret', raw));
    assert.deepEqual([secret['data'], secret['type']], [{ k: 'dg==' }, 'Opaque']);
  });

  it('keeps a 0 and a false that were set, and drops those that Go always writes', () => {
    const options = decodeProtobufObject(envelope('v1', 'DeleteOptions', message().integer(1, 0).text(5, 'All')));
    assert.deepEqual(options, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, dryRun: ['All'] });
    const owner = message().text(1, 'Pod').text(3, 'p').text(4, 'u').text(5, 'v1').integer(6, 0);
    const raw = message().message(1, metadata('a').message(13, owner));
    const { ownerReferences } = decodeProtobufObject(envelope('v1', 'ConfigMap', raw))['metadata'] as JsonObject;
    assert.deepEqual(ownerReferences, [{ kind: 'Pod', name: 'p', uid: 'u', apiVersion: 'v1', controller: false }]);
  });

  it('reads instants to their precision', () => {
    const instant = message().integer(1, 1_767_225_600).integer(2, 250_000_000);
    const lease = message()
      .message(1, metadata('l'))
      .message(2, message().text(1, 'me').integer(2, 15).message(4, instant));
    assert.deepEqual(decodeProtobufObject(envelope('coordination.k8s.io/v1', 'Lease', lease))['spec'], {
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      renewTime: '2026-01-01T00:00:00.250000Z',
    });
    const event = message().message(1, metadata('e')).message(6, instant).integer(8, 3).message(10, message());
    const { firstTimestamp, count, eventTime } = decodeProtobufObject(envelope('v1', 'Event', event));
    assert.deepEqual([firstTimestamp, count, eventTime], ['2026-01-01T00:00:00Z', 3, undefined]);
  });

  it('reads owned fields, and skips fields nobody knows', () => {
    const fields = message().text(1, 'kubectl').message(7, message().text(1, '{"f:data":{}}'));
    const raw = message().message(1, metadata('a').message(17, fields)).double(99, 1.5).integer(98, 7).text(97, 'x');
    const { managedFields } = decodeProtobufObject(envelope('v1', 'ConfigMap', raw))['metadata'] as JsonObject;
    assert.deepEqual(managedFields, [{ manager: 'kubectl', fieldsV1: { 'f:data': {} } }]);
  });

  it('says which kinds are understood as JSON only', () => {
    const refusal = refusalOf(envelope('apps/v1', 'Deployment', message()));
    assert.equal(refusal.status, 415);
    assert.match(refusal.message, /v1 Deployment is not understood as .*, only as application\/json/);
  });

  it('refuses what is no message, and never fails in another way', () => {
    assert.equal(refusalOf(Buffer.from('{}')).status, 400);
    assert.equal(refusalOf(Buffer.from('k8s\0\x0a\xff')).status, 400);
    const wrongType = message().message(1, message().integer(1, 5));
    assert.equal(refusalOf(envelope('v1', 'ConfigMap', wrongType)).status, 400);
    const sound = envelope('v1', 'ConfigMap', message().message(1, metadata('a')).message(2, entry('k', 'v')));
    const property = fc.property(fc.nat(sound.length - 1), fc.nat(255), fc.nat(sound.length), (at, byte, length) => {
      const broken = Buffer.from(sound);
      broken[at] = byte;
      try {
        decodeProtobufObject(broken.subarray(0, length));
      } catch (thrown) {
        assert.ok(thrown instanceof ApiStatusError, String(thrown));
      }
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

describe('a body in protocol buffers', () => {
  it('is written like any other', async () => {
    const api = new TestApi();
    const raw = message().message(1, metadata('a')).message(2, entry('k', 'ü'));
    const body = envelope('v1', 'ConfigMap', raw).toString('latin1');
    const created = await api.json('POST', configMapsPath, { body, headers: { 'content-type': protobufType } });
    assert.deepEqual(created['data'], { k: 'ü' });
  });
});
