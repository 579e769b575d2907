import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { expandedCharacters, expandedCharactersMax, expansionProblem } from './expansion.ts';
import { checkParams, paramReplacements } from './params.ts';
import { eachText } from './references.ts';
import { substituteTaskSpec } from './substitution.ts';
import type { ParamSpec } from './types.ts';

function charactersOf(value: unknown): number {
  let count = 0;
  eachText(value, (text) => (count += text.length));
  return count;
}

describe('expansion', () => {
  it('is counted as it comes out', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '$', '(', ')', '$(params.s)', '$(params.l[1])', ' ') });
    const list = fc.array(fc.oneof(text, fc.constantFrom('$(params.l[*])', '$(params.l)')), { maxLength: 5 });
    fc.assert(
      fc.property(text, list, text, fc.array(text, { maxLength: 3 }), (script, args, s, l) => {
        const spec = { steps: [{ script, args }] };
        const replacements = paramReplacements(
          [],
          [
            { name: 's', value: s },
            { name: 'l', value: l },
          ],
        );
        fc.pre(!/^\$\(params\.l(\[\*\])?\)$/.test(script));
        assert.equal(expandedCharacters(spec, replacements), charactersOf(substituteTaskSpec(spec, replacements)));
      }),
    );
  });

  it('is refused where defaults double each other until nothing can hold them', () => {
    const specs: readonly ParamSpec[] = [
      { name: 'p0', default: 'x'.repeat(1000) },
      ...Array.from({ length: 9 }, (_, index) => ({
        name: `p${index + 1}`,
        default: `$(params.p${index})`.repeat(100),
      })),
    ];
    const problem = checkParams(specs, []);
    assert.match(
      problem?.message ?? '',
      /with the default of param "p2" all defaults together would have 10101000 characters; at most 2097152/,
    );
  });

  it('is refused where a large value is used often', () => {
    const replacements = paramReplacements([], [{ name: 'large', value: 'x'.repeat(100_000) }]);
    const steps = Array.from({ length: 100 }, () => ({ script: '$(params.large)'.repeat(100) }));
    assert.equal(
      expansionProblem({ steps }, replacements, 'the task'),
      `the task would have 1000000000 characters once its variables are replaced; at most ${expandedCharactersMax} are allowed`,
    );
    assert.equal(expansionProblem({ steps: [{ script: '$(params.large)' }] }, replacements, 'the task'), undefined);
  });
});
