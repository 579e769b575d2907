import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { secretThatEquals, secretThatSigned, secretThatSignedStandard } from './webhook-signature.ts';

const body = new TextEncoder().encode('{"a":1}');
const signature = createHmac('sha256', 'right').update(body).digest('hex');

describe('secretThatSigned', () => {
  it('finds the secret among several, with either spelling of the header', () => {
    assert.equal(secretThatSigned(body, signature, ['wrong', 'right', 'other']), 'right');
    assert.equal(secretThatSigned(body, `sha256=${signature.toUpperCase()}`, ['right']), 'right');
  });

  it('refuses another body, another secret, no signature and what is none', () => {
    assert.equal(secretThatSigned(new TextEncoder().encode('{"a":2}'), signature, ['right']), undefined);
    assert.equal(secretThatSigned(body, signature, ['wrong']), undefined);
    assert.equal(secretThatSigned(body, undefined, ['right']), undefined);
    assert.equal(secretThatSigned(body, '', ['right']), undefined);
    assert.equal(secretThatSigned(body, signature.slice(2), ['right']), undefined);
    assert.equal(secretThatSigned(body, 'sha256=zz', ['right']), undefined);
  });

  it('never takes an empty secret, even when the body was signed with it', () => {
    const empty = createHmac('sha256', '').update(body).digest('hex');
    assert.equal(secretThatSigned(body, empty, ['']), undefined);
  });
});

describe('secretThatEquals', () => {
  it('finds the secret that was sent', () => {
    assert.equal(secretThatEquals('b', ['a', 'b']), 'b');
    assert.equal(secretThatEquals('c', ['a', 'b']), undefined);
    assert.equal(secretThatEquals('', ['', 'a']), undefined);
    assert.equal(secretThatEquals(undefined, ['a']), undefined);
  });
});

describe('secretThatSignedStandard', () => {
  const secret = `whsec_${Buffer.from('a key of thirty-two bytes, or so').toString('base64')}`;
  const key = Buffer.from('a key of thirty-two bytes, or so');
  const mac = createHmac('sha256', key).update('msg-1.1767225600.').update(body).digest('base64');
  const headers = { 'webhook-id': 'msg-1', 'webhook-timestamp': '1767225600', 'webhook-signature': `v1,${mac}` };

  it('finds the secret, also among several signatures', () => {
    assert.equal(secretThatSignedStandard({ headers, body }, ['token', secret]), secret);
    const several = { ...headers, 'webhook-signature': `v1a,xyz v1,AAAA v1,${mac}` };
    assert.equal(secretThatSignedStandard({ headers: several, body }, [secret]), secret);
  });

  it('refuses what was not signed: another id, time or body, and secrets of other forms', () => {
    for (const changed of [
      { headers: { ...headers, 'webhook-id': 'msg-2' }, body },
      { headers: { ...headers, 'webhook-timestamp': '1767225601' }, body },
      { headers, body: new TextEncoder().encode('{"a":2}') },
      { headers: { ...headers, 'webhook-signature': mac }, body },
      { headers: {}, body },
    ]) {
      assert.equal(secretThatSignedStandard(changed, [secret]), undefined);
    }
    assert.equal(secretThatSignedStandard({ headers, body }, ['', 'whsec_', key.toString('utf8')]), undefined);
  });

  it('agrees with the example of the specification', () => {
    const example = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const text = new TextEncoder().encode('{"test": 2432232314}');
    const published = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    assert.equal(secretThatSignedStandard({ headers: example, body: text }, [published]), published);
  });
});
