import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ExpressionError } from './expression-error.ts';
import { compileLinearRegex, regexLengthMax, regexProgramMax } from './linear-regex.ts';

function refusal(source: string): {
  readonly code: string;
  readonly position: number | undefined;
  readonly message: string;
} {
  try {
    compileLinearRegex(source);
  } catch (thrown) {
    assert.ok(thrown instanceof ExpressionError);
    return { code: thrown.code, position: thrown.position, message: thrown.message };
  }
  throw new Error(`${source} was taken`);
}

describe('compileLinearRegex', () => {
  it('matches anywhere, as Go does', () => {
    assert.ok(compileLinearRegex('b+').test('abbc'));
    assert.ok(!compileLinearRegex('^b').test('abbc'));
    assert.ok(compileLinearRegex('(?i)^/DEPLOY$').test('/deploy'));
    assert.ok(compileLinearRegex('(?m)^/x\\s*$').test('a\n/x \nb'));
    assert.ok(!compileLinearRegex('^a$').test('a\n'), 'without (?m) the end is the very end');
    assert.ok(!compileLinearRegex('a.b').test('a\nb'));
    assert.ok(compileLinearRegex('^[[:alpha:]]\\pN\\Q.*\\E$').test('x5.*'));
  });

  it('tells named groups of the first match', () => {
    const regex = compileLinearRegex('(?P<file>[a-z]+):(?<line>[0-9]+)(?P<rest>x)?');
    assert.deepEqual(regex.groups('in ab:12 cd:13'), { file: 'ab', line: '12', rest: '' });
    assert.equal(regex.groups('nothing'), undefined);
    assert.deepEqual(compileLinearRegex('a').groups('a'), {});
  });

  it('says where a pattern is wrong', () => {
    assert.deepEqual(refusal('ab[z-a]'), {
      code: 'REGEX_SYNTAX',
      position: 3,
      message: '"ab[z-a]" is no regular expression: invalid character class range at character 4',
    });
    for (const source of ['a(b', '(?=x)', '(?<=x)y', '(a)\\1', 'a**', '[', '\\']) {
      assert.equal(refusal(source).code, 'REGEX_SYNTAX', source);
    }
  });

  it('refuses what would become large', () => {
    assert.equal(refusal('x'.repeat(regexLengthMax + 1)).code, 'REGEX_TOO_LARGE');
    assert.equal(refusal('(\\w{999}){1}\\w{999}'.repeat(8)).code, 'REGEX_TOO_LARGE');
    assert.equal(refusal('((a{100}){100}){100}').code, 'REGEX_SYNTAX');
    const regex = compileLinearRegex('(x+x+)+y');
    assert.throws(() => regex.test('x'.repeat(30_000_000)), { code: 'REGEX_TOO_LARGE' });
  });

  it('takes or refuses any pattern, and what it takes is small', () => {
    const piece = fc.constantFrom(
      '(',
      ')',
      '[',
      ']',
      '*',
      '+',
      '?',
      '{9}',
      '{99}',
      '|',
      '\\',
      '(?:',
      '.',
      'a',
      '^',
      '$',
      '\\pL',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          const regex = compileLinearRegex(pieces.join(''));
          assert.ok(regex.programSize <= regexProgramMax);
          assert.equal(typeof regex.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaab'), 'boolean');
        } catch (thrown) {
          assert.ok(thrown instanceof ExpressionError, String(thrown));
        }
      }),
    );
  });
});
