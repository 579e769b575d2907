import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matchesPattern, patternProblem } from './match.ts';

const cases: readonly [pattern: string, text: string, match: boolean][] = [
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-b-c', true],
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', '-a', false],
  ['^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$', '1h30m', true],
  ['^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$', '1h30', false],
  ['b{2,3}', 'abbbc', true],
  ['^b{2,3}$', 'bbbb', false],
  ['^(?:a|bc)*$', 'abcbca', true],
  ['^(?i)abc$', 'aBC', true],
  ['^(?i:a)b$', 'Ab', true],
  ['^(?i:a)b$', 'AB', false],
  ['^[[:alpha:]_]\\w*\\s\\d$', 'x1 5', true],
  ['^[^/]+$', 'a/b', false],
  ['^[\\w.-]+$', 'a.b-c_d', true],
  ['\\bcat\\b', 'a cat!', true],
  ['\\bcat\\b', 'concat', false],
  ['^$', '', true],
  ['^.$', '😀', true],
  ['^(?P<year>\\d{4})-\\d\\d$', '2026-11', true],
  ['^a**$', 'aaa', true],
  ['^[]a]+$', ']a', true],
];

describe('matchesPattern', () => {
  for (const [pattern, text, match] of cases) {
    it(`${JSON.stringify(text)} ${match ? 'matches' : 'does not match'} ${pattern}`, () => {
      assert.equal(matchesPattern(pattern, text), match ? 'yes' : 'no');
    });
  }

  it('agrees with the engine of the language on random patterns without exotic parts', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '(ab)', '(?:ba|)', '^', '$');
    const part = fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{1,2}', '*?'));
    const pattern = fc
      .array(part, { maxLength: 6 })
      .map((parts) => parts.map(([text, repeat]) => (text === '^' || text === '$' ? text : text + repeat)).join(''));
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }), (source, text) => {
        assert.equal(matchesPattern(source, text), new RegExp(source, 'u').test(text) ? 'yes' : 'no', source);
      }),
      { numRuns: 2000 },
    );
  });

  it('is not blown up by a pattern that makes backtracking engines explode', () => {
    assert.equal(matchesPattern('^(a+)+$', `${'a'.repeat(5000)}!`), 'no');
    assert.equal(matchesPattern('^(a|a)*$', `${'a'.repeat(5000)}!`), 'no');
  });

  it('says what it does not take', () => {
    assert.match(patternProblem('a(?=b)') ?? '', /look-around/);
    assert.match(patternProblem('(a)\\1') ?? '', /invalid escape sequence \\1/);
    assert.match(patternProblem('(a') ?? '', /missing \)/);
    assert.match(patternProblem('a)') ?? '', /unexpected \)/);
    assert.match(patternProblem('[z-a]') ?? '', /range/);
    assert.match(patternProblem('a{1001}') ?? '', /repeat count/);
    assert.match(patternProblem('((a{1000}){1000}){1000}') ?? '', /states/);
    assert.match(patternProblem('*a') ?? '', /missing argument/);
    assert.equal(matchesPattern('a', 'b'.repeat(20_000)), 'too long');
  });
});
