/** Says how a run of tests went. */
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { FileRun, Tally, TestNotice } from './tally.ts';

const failureLinesMax = 60;
const outputLinesMax = 40;

export interface RunFacts {
  readonly root: string;
  readonly seconds: number;
  readonly runs: readonly FileRun[];
  /** Slow files that were left out. */
  readonly slow: readonly string[];
}

/** Failures with what their files printed, then skipped tests with their reasons, last the totals on a line of their own. */
export function reportLines(tally: Tally, facts: RunFacts): readonly string[] {
  const { passed, failures, skips } = tally;
  const failedFiles = new Set(failures.map(({ file }) => file));
  const totals = `${passed} passed, ${failures.length} failed, ${skips.length} skipped`;
  return [
    ...failures.flatMap((failure) => [
      `✖ ${place(failure, facts.root)}`,
      ...indented(stripVTControlCharacters(failure.text), failureLinesMax),
      '',
    ]),
    ...facts.runs.filter(({ file }) => failedFiles.has(file)).flatMap((run) => outputOf(run, facts.root)),
    ...skips.map((skip) => `skipped: ${place(skip, facts.root)}: ${skip.text}`),
    ...facts.slow.map((file) => `left out: ${file}: slow; npm test -- --slow runs it`),
    `${totals} (${facts.seconds.toFixed(1)} s)`,
  ];
}

function place({ file, name }: TestNotice, root: string): string {
  return `${relative(root, file)}: ${name ?? 'the file itself'}`;
}

/** What the file printed, and what the runner had to say about it (an error outside of tests, for instance). */
function outputOf({ file, records, output }: FileRun, root: string): readonly string[] {
  const said = records.flatMap((record) => (record.type === 'said' && !isCount(record.text) ? [record.text] : []));
  const text = [output.trimEnd(), ...said].filter((part) => part !== '').join('\n');
  return text === '' ? [] : [`output of ${relative(root, file)}:`, ...indented(text, outputLinesMax), ''];
}

/** The runner ends with its own counts: `tests 12`, `duration_ms 3.14`. */
function isCount(text: string): boolean {
  return /^\w+ [\d.]+$/.test(text);
}

/** The first lines tell what went wrong, the last ones where; the middle of a huge diff would hide the next failure. */
function indented(text: string, linesMax: number): readonly string[] {
  const lines = text.split('\n');
  const more = lines.length - linesMax;
  const last = Math.floor(linesMax / 3);
  const shown =
    more > 0 ? [...lines.slice(0, linesMax - last), `… ${more} more lines …`, ...lines.slice(-last)] : lines;
  return shown.map((line) => `    ${line}`);
}
