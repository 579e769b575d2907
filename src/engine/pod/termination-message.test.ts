import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseReport } from './termination-message.ts';

/** What the wrapper writes. */
function reportOf(code: number, results: Readonly<Record<string, string>>): string {
  const entries = Object.entries(results).map(([name, text]) => `result ${name} ${Buffer.byteLength(text)}\n${text}\n`);
  return `penstock/1 exited ${code}\n${entries.join('')}.\n`;
}

const resultName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/);
const resultText = fc.string({ unit: 'grapheme', maxLength: 60 });

describe('parseReport', () => {
  it('reads back every text, also texts that look like reports', () => {
    fc.assert(
      fc.property(fc.dictionary(resultName, fc.oneof(resultText, fc.constant('\n.\nresult x 3\n'))), (results) => {
        const report = parseReport(reportOf(3, results));
        assert.deepEqual([report.end, report.exitCode], ['exited', 3]);
        assert.deepEqual(new Map(report.results), new Map(Object.entries(results)));
      }),
    );
  });

  it('takes no beginning of a report for a whole one', () => {
    const whole = reportOf(0, { digest: 'sha256:0123', notes: 'a\n.\nb' });
    for (let length = 0; length < whole.length; length++) {
      const report = parseReport(whole.slice(0, length));
      assert.equal(report.end, 'unreadable', JSON.stringify(whole.slice(0, length)));
      assert.ok(report.problem);
    }
  });

  it('notices a result that lost bytes on its way', () => {
    const replaced = 'penstock/1 exited 0\nresult a 2\n\uFFFD\uFFFD\n.\n';
    assert.match(parseReport(replaced).problem ?? '', /not UTF-8/);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseReport(text)));
    fc.assert(fc.property(fc.string(), (text) => void parseReport(`penstock/1 exited 0\n${text}`)));
  });

  it('says why there is nothing', () => {
    assert.match(parseReport(undefined).problem ?? '', /without its report/);
    assert.match(parseReport('oops').problem ?? '', /not a report/);
    assert.match(parseReport('penstock/1 exited 0\nresult a 900\nabc').problem ?? '', /cut off after \d+ bytes/);
  });

  it('reads the two ends without results', () => {
    assert.equal(parseReport('penstock/1 timed-out 143\n.\n').end, 'timedOut');
    const large = parseReport('penstock/1 too-large 0 digest 9000\n.\n');
    assert.deepEqual([large.end, large.problem], ['tooLarge', 'result "digest" alone has 9000 bytes']);
  });
});
