import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SecretFinder } from './secret-finder.ts';
import { encodedBytesMax, encodedFormsMax, maskedLengthMin, secretForms } from './secret-forms.ts';
import { maskerOf, SecretMask } from './secret-mask.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** `text` through a stream that is cut after every `length` bytes. */
function streamed(secrets: readonly string[], text: string, length: number): string {
  const mask = new SecretMask(secrets);
  const bytes = Buffer.from(text);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += length) parts.push(mask.push(bytes.subarray(at, at + length)));
  return Buffer.concat([...parts, mask.flush()]).toString('utf8');
}

describe('a secret', () => {
  const secret = 'p/ss wörd+"<1>~';

  it('is masked as it is, and as programs write it for others', () => {
    const python = String.raw`p/ss w\u00f6rd+\"<1>~`;
    const written = [
      secret,
      base64(secret),
      base64(`${secret}\n`),
      base64(`ab:${secret}`),
      base64(`a:${secret}@host`),
      base64(`:${secret}`).replaceAll('+', '-').replaceAll('/', '_'),
      encodeURIComponent(secret),
      encodeURIComponent(secret).toLowerCase(),
      new URLSearchParams({ secret }).toString().slice('secret='.length),
      JSON.stringify(secret),
      JSON.stringify(secret)
        .replaceAll('<', String.raw`\u003c`)
        .replaceAll('>', String.raw`\u003e`),
      python,
    ];
    const mask = maskerOf([secret]);
    for (const text of written) {
      assert.notEqual(mask(`> ${text} <`), `> ${text} <`, text);
      assert.match(mask(text), /^"?.{0,4}\*\*\*.{0,10}"?$/s, text);
      for (const length of [1, 3, 7, 1000])
        assert.equal(streamed([secret], `a ${text} b`, length), mask(`a ${text} b`));
    }
  });

  it('of several lines is masked line by line, in one string, and in broken base64', () => {
    const key = [
      '-----BEGIN KEY-----',
      'abcdefghijklmnop'.repeat(4),
      'qrstuvwxyz012345'.repeat(4),
      '-----END KEY-----',
    ];
    const secretKey = `${key.join('\n')}\n`;
    const mask = maskerOf([secretKey]);
    assert.equal(mask(secretKey), '***\n***\n***\n***\n');
    assert.equal(mask(JSON.stringify({ key: secretKey })), String.raw`{"key":"***\n"}`);
    for (const length of [64, 76]) {
      const lines = base64(secretKey).match(new RegExp(`.{1,${length}}`, 'g')) ?? [];
      for (const line of mask(lines.join('\n')).split('\n')) assert.match(line, /^(?:\*\*\*)+.{0,4}$/);
    }
  });

  it('that is short is left alone, however it is written, and so are ordinary texts', () => {
    const mask = maskerOf(['true', 'a', '12345', '']);
    const text = `true 12345 ${base64('12345')} ${base64('true')}`;
    assert.equal(mask(text), text);
    assert.equal(maskerOf(['opensesame'])('open the door, sesame'), 'open the door, sesame');
    assert.ok(secretForms(['ab', 'long enough']).every((form) => Buffer.byteLength(form) >= maskedLengthMin));
  });

  it('among endless ones costs no more than is set, and is found as it is in any case', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `line ${index} of a bundle / with things to encode`);
    const forms = secretForms([many.join('\n')]);
    assert.ok(forms.length <= many.length + encodedFormsMax, `${forms.length}`);
    const bytes = forms.slice(many.length).reduce((sum, form) => sum + form.length, 0);
    assert.ok(bytes <= encodedBytesMax, `${bytes} bytes`);
    assert.equal(maskerOf(many)(many.at(-1) ?? ''), '***');
  });
});

describe('the finder of secrets', () => {
  it('finds what a search by each value finds: the first place, and there the longest', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 6, maxLength: 12 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 200 });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 20 }), text, (values, where) => {
        const longestFirst = values.toSorted((a, b) => b.length - a.length);
        const expected = [...where.matchAll(new RegExp(longestFirst.join('|'), 'g'))].map(({ index, 0: found }) => {
          return { start: index, end: index + found.length };
        });
        assert.deepEqual(new SecretFinder(values).find(where), expected);
      }),
    );
  });
});
