import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskNonCode } from './mask.ts';

describe('maskNonCode', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`a; // b 'c'\nd`, `a;         \nd`],
    ['a /* b\n"c" */ d', 'a     \n       d'],
    [`x('a\\'b', "c'd")`, `x('    ', "   ")`],
    ['`a ${b(`c ${d} e`)} f` + g', '`   {b(`   {d}  `)}  ` + g'],
    ['`a ${ { b: "}" } } c`', '`   { { b: " " } }  `'],
    [`a = /[/'"]\\/b/g.test(c) / d / e`, `a = /        /g.test(c) / d / e`],
    [`return /'/; (a + b) / c; x[0] / y`, `return / /; (a + b) / c; x[0] / y`],
    ['#!/usr/bin/env node\na', '                   \na'],
    [`'unterminated\nnext`, `'             next`.replace('             ', '            \n')],
  ];
  for (const [source, expected] of cases) {
    it(`keeps the code of ${JSON.stringify(source)}`, () => {
      const masked = maskNonCode(source);
      assert.equal(masked.length, source.length);
      assert.equal(masked, expected);
    });
  }
});
