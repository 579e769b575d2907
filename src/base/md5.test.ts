import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { md5Hex } from './md5.ts';

describe('md5Hex', () => {
  it('gives the digests of RFC 1321 appendix A.5', () => {
    assert.equal(md5Hex(''), 'd41d8cd98f00b204e9800998ecf8427e');
    assert.equal(md5Hex('abc'), '900150983cd24fb0d6963f7d28e17f72');
    assert.equal(md5Hex('message digest'), 'f96b697d7cb7938d525a2f31aaf161d0');
  });

  it('agrees with another implementation around every block boundary, and beyond ASCII', () => {
    for (let length = 0; length < 200; length++) {
      const text = 'ä'.repeat(length % 3) + 'x'.repeat(length);
      assert.equal(md5Hex(text), createHash('md5').update(text).digest('hex'), `length ${length}`);
    }
  });
});
