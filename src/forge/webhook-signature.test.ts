import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { secretThatEquals, secretThatSigned } from './webhook-signature.ts';

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
