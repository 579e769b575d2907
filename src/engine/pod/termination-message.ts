import type { StepReport } from '../../tekton/task-run/evidence.ts';

/**
 * The report of a wrapped step, version 1:
 *
 *     penstock/1 exited 0            how it ended, the command's exit code
 *     result NAME 5                  a result file: its size in bytes, then its bytes and a newline
 *     hello
 *     step-result NAME 0
 *
 *     .                              the end: without it the report was cut off
 *
 * Also `penstock/1 timed-out CODE` and `penstock/1 too-large CODE NAME BYTES`, whose report ends there.
 */
const firstLine = /^penstock\/1 (exited|timed-out|too-large) (\d{1,3})(?: (\S+) (\d+))?$/;
const entryLine = /^(result|step-result) (\S+) (\d{1,9})$/;

/** Lines of a report are short; results are counted in bytes, not lines. */
const lineBytesMax = 512;

const newline = 10;

/** What `message` reports. Never throws: what cannot be understood is `unreadable`, in words for a status. */
export function parseReport(message: string | undefined): StepReport {
  if (message === undefined || message === '') return unreadable('the step ended without its report');
  const bytes = new TextEncoder().encode(message);
  const head = readLine(bytes, 0);
  const match = head === undefined ? null : firstLine.exec(head.text);
  if (head === undefined || match === null) return unreadable('the termination message is not a report');
  const [, end = '', code = '', name = '', size = ''] = match;
  const exitCode = Number(code);
  if (end === 'too-large') {
    const problem = `result "${name}" alone has ${size} bytes`;
    return { end: 'tooLarge', exitCode, problem, results: new Map(), stepResults: new Map() };
  }
  const entries = readEntries(bytes, head.next);
  if (typeof entries === 'string') return { ...unreadable(entries), exitCode };
  return { end: end === 'timed-out' ? 'timedOut' : 'exited', exitCode, ...entries };
}

interface Entries {
  readonly results: ReadonlyMap<string, string>;
  readonly stepResults: ReadonlyMap<string, string>;
}

/** The entries from `at` to the final dot, or what is wrong with them. */
function readEntries(bytes: Uint8Array, at: number): Entries | string {
  const results = new Map<string, string>();
  const stepResults = new Map<string, string>();
  const decoder = new TextDecoder();
  for (let position = at; ;) {
    const line = readLine(bytes, position);
    if (line === undefined) return `the report is cut off after ${bytes.length} bytes`;
    if (line.text === '.') return { results, stepResults };
    const match = entryLine.exec(line.text);
    if (match === null)
      return 'the report does not match its sizes: a result is not UTF-8 text or changed while it was read';
    const [, kind, name = '', size = ''] = match;
    const end = line.next + Number(size);
    if (bytes[end] !== newline) {
      return end >= bytes.length
        ? `the report is cut off after ${bytes.length} bytes`
        : `result "${name}" is not UTF-8 text or changed while it was read`;
    }
    (kind === 'result' ? results : stepResults).set(name, decoder.decode(bytes.subarray(line.next, end)));
    position = end + 1;
  }
}

function readLine(bytes: Uint8Array, at: number): { readonly text: string; readonly next: number } | undefined {
  const end = bytes.indexOf(newline, at);
  if (end < 0 || end - at > lineBytesMax) return undefined;
  return { text: new TextDecoder().decode(bytes.subarray(at, end)), next: end + 1 };
}

function unreadable(problem: string): StepReport {
  return { end: 'unreadable', exitCode: 0, problem, results: new Map(), stepResults: new Map() };
}
