/** Counts tests (not suites), and every way in which a test file can fail without a failing test. */

/** What the reporter inside a test file's process writes about one test. */
export type TestRecord =
  /** `over`: a suite whose tests are told of themselves. */
  | { readonly type: 'begun' | 'over' | 'passed'; readonly name: string }
  | { readonly type: 'skipped' | 'failed'; readonly name: string; readonly text: string }
  | { readonly type: 'said'; readonly text: string };

/** How the process of one test file went. */
export interface FileRun {
  readonly file: string;
  readonly records: readonly TestRecord[];
  /** What the file wrote to its standard streams. */
  readonly output: string;
  readonly ending: { readonly code: number | null; readonly signal: string | null } | 'timeout';
}

export interface TestNotice {
  readonly file: string;
  /** Name of the test; without it the notice is about the file itself. */
  readonly name?: string;
  readonly text: string;
}

export class Tally {
  passed = 0;
  readonly failures: TestNotice[] = [];
  readonly skips: TestNotice[] = [];

  add(run: FileRun): void {
    const { file, records } = run;
    const failedBefore = this.failures.length;
    for (const record of records) {
      if (record.type === 'passed') this.passed++;
      if (record.type === 'skipped') this.skips.push({ file, name: record.name, text: record.text });
      if (record.type === 'failed') this.failures.push({ file, name: record.name, text: record.text });
    }
    const trouble = troubleOf(run, this.failures.length > failedBefore);
    if (trouble !== undefined) this.failures.push({ file, text: trouble });
  }
}

/** What is wrong with the file beyond its failed tests. */
function troubleOf({ records, ending }: FileRun, hasFailures: boolean): string | undefined {
  if (ending === 'timeout') return `it did not end in time and was killed${unfinished(records)}`;
  if (ending.signal !== null) return `its process was ended by ${ending.signal}`;
  if (ending.code !== 0 && !hasFailures) return `its process ended with exit code ${ending.code}`;
  if (records.every(({ type }) => type === 'said' || type === 'begun' || type === 'over')) return 'it holds no tests';
  return undefined;
}

/** The tests that had begun; a file that spins has told of none. */
function unfinished(records: readonly TestRecord[]): string {
  const names: string[] = [];
  for (const record of records) {
    if (record.type === 'begun') names.push(record.name);
    else if (record.type !== 'said') names.splice(names.indexOf(record.name), names.includes(record.name) ? 1 : 0);
  }
  return names.length === 0 ? '' : ` in: ${names.join(', ')}`;
}
