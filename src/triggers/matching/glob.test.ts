import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileRefPattern } from './branches.ts';
import { compileGlob, globLengthMax } from './glob.ts';

function matches(pattern: string, text: string): boolean | string {
  const result = compileGlob(pattern);
  return result.ok ? result.glob.matches(text) : result.message;
}

/** Which of `texts` match. */
function matching(pattern: string, ...texts: readonly string[]): readonly string[] {
  return texts.filter((text) => matches(pattern, text) === true);
}

describe('compileGlob', () => {
  it('lets * and ? stand for any character, a slash too', () => {
    assert.deepEqual(matching('docs/*.md', 'docs/a.md', 'docs/b/c.md', 'docs/a.txt', 'x/docs/a.md'), [
      'docs/a.md',
      'docs/b/c.md',
    ]);
    assert.deepEqual(matching('**/go.mod', 'a/go.mod', 'a/b/go.mod', 'go.mod'), ['a/go.mod', 'a/b/go.mod']);
    assert.deepEqual(matching('a?c', 'abc', 'a/c', 'a\nc', 'ac', 'a😀c', 'abbc'), ['abc', 'a/c', 'a\nc', 'a😀c']);
    assert.deepEqual(matching('*', '', 'a', 'a\nb'), ['', 'a', 'a\nb']);
  });

  it('matches the whole', () => {
    assert.deepEqual(matching('main', 'main', 'mainline', 'xmain', 'main\n', '\nmain'), ['main']);
    assert.deepEqual(matching('{a,b}', 'a', 'b', 'ab', 'ac', 'xb'), ['a', 'b']);
  });

  it('reads classes', () => {
    assert.deepEqual(matching('[abc]', 'a', 'c', 'd', 'ab'), ['a', 'c']);
    assert.deepEqual(matching('[!abc]', 'a', 'd', '/', ''), ['d', '/']);
    assert.deepEqual(matching('v[0-9]*', 'v1', 'v10', 'vx'), ['v1', 'v10']);
    assert.deepEqual(matching('[!0-9]', 'a', '5'), ['a']);
    assert.deepEqual(matching('[a-z0-9]', 'a', '5', '-', 'A'), ['a', '5']);
    assert.deepEqual(matching('[ab-d]', 'a', 'b', '-', 'd', 'c'), ['a', 'b', '-', 'd'], 'a list, as published');
    assert.deepEqual(matching('[\\]^-]', ']', '^', '-', '\\'), [']', '^', '-']);
  });

  it('reads alternatives, one in another', () => {
    assert.deepEqual(matching('{main,release-{1,2}*,}', 'main', 'release-1', 'release-2x', '', 'release-3'), [
      'main',
      'release-1',
      'release-2x',
      '',
    ]);
    assert.deepEqual(matching('a,b}', 'a,b}'), ['a,b}'], 'outside of braces these are characters');
  });

  it('takes every other character as it is', () => {
    const special = '.+()|^$-!:#&~/ "\'';
    assert.equal(matches(special, special), true);
    assert.equal(matches('\\*\\[\\{\\\\', '*[{\\'), true);
    assert.equal(matches('a.c', 'abc'), false);
  });

  it('says what is wrong and where', () => {
    assert.equal(matches('release-[0-9', ''), 'the glob "release-[0-9" has a [ at character 9 without its ]');
    assert.equal(matches('a[]', ''), 'the glob "a[]" has an empty [] at character 2');
    assert.equal(matches('[z-a]', ''), 'the glob "[z-a]" has a range z-a that ends before it begins, at character 2');
    assert.equal(
      matches('x{a', ''),
      'the glob "x{a" has a { at character 2 without its }; in a list a comma is written &#44;',
    );
    assert.equal(matches('a\\', ''), 'the glob "a\\" ends in a \\ that has nothing to stand before');
    assert.match(String(matches('x'.repeat(globLengthMax + 1), '')), /at most 1000 are allowed/);
    assert.match(String(matches('{'.repeat(1000) + '}'.repeat(1000), '')), /at most 1000|too complex/);
  });

  it('never throws, and its program grows no faster than the pattern', () => {
    const hostile = fc.constantFrom('*', '?', '[', ']', '!', '-', '{', '}', ',', '\\', 'a', '/', '\ud800', '😀');
    fc.assert(
      fc.property(
        fc.array(hostile, { maxLength: 200 }),
        fc.string({ unit: hostile, maxLength: 100 }),
        (parts, text) => {
          const pattern = parts.join('');
          const result = compileGlob(pattern);
          if (!result.ok) return assert.ok(result.message.length > 0);
          assert.ok(result.glob.programSize <= 3 * pattern.length + 10, `${pattern}: ${result.glob.programSize}`);
          return assert.equal(typeof result.glob.matches(text), 'boolean');
        },
      ),
    );
  });

  it('agrees with a matcher that goes back', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 6 });
    fc.assert(
      fc.property(patterns, letters, (pattern, text) => assert.equal(matches(pattern, text), naive(pattern, text))),
      { numRuns: 500 },
    );
  });
});

/** The meaning of `*` and `?`, in as few words as can be. */
function naive(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)));
  if (text === '' || (!pattern.startsWith('?') && pattern[0] !== text[0])) return false;
  return naive(pattern.slice(1), text.slice(1));
}

describe('compileRefPattern', () => {
  function refMatches(pattern: string, ref: string): boolean {
    const compiled = compileRefPattern(pattern);
    return compiled.ok && compiled.matches(ref);
  }

  it('takes a name for a branch unless it says otherwise', () => {
    assert.ok(refMatches('main', 'refs/heads/main'));
    assert.ok(refMatches('refs/heads/main', 'main'));
    assert.ok(refMatches('release-*', 'refs/heads/release-1/x'));
    assert.ok(refMatches('refs/tags/v*', 'refs/tags/v1'));
    assert.ok(!refMatches('*', 'refs/tags/v1'));
    assert.ok(!refMatches('v*', 'refs/tags/v1'));
    assert.ok(!refMatches('refs/tags/*', 'main'));
    assert.ok(refMatches('feat\\[1\\]', 'feat[1]'));
  });
});
