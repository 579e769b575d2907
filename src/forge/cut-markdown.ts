/** Markdown of ours that is longer than a host takes. */

const encoder = new TextEncoder();

/** Stands where something was left out. */
const cutMark = '…';

/**
 * `text`, or as much of it as `bytesMax` bytes of UTF-8 hold: of what its last fence quotes the end, as that is where a log
 * says what failed; where that does not suffice, the beginning of the text, with its fence closed and the link in its last line.
 */
export function cutMarkdown(text: string, bytesMax: number): string {
  if (bytesOf(text) <= bytesMax) return text;
  const lines = text.split('\n');
  return withinFence(lines, bytesMax) ?? beginning(lines, bytesMax);
}

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

function withinFence(lines: readonly string[], bytesMax: number): string | undefined {
  const fence = fencesIn(lines).at(-1);
  if (fence?.end === undefined) return undefined;
  const before = [...lines.slice(0, fence.start + 1), cutMark].join('\n');
  const after = lines.slice(fence.end).join('\n');
  const kept = lastLines(lines.slice(fence.start + 1, fence.end), bytesMax - bytesOf(before) - bytesOf(after) - 2);
  return kept.length === 0 ? undefined : [before, ...kept, after].join('\n');
}

function beginning(lines: readonly string[], bytesMax: number): string {
  const last = lines.at(-1) ?? '';
  const link = /^\[[^\]\n]*\]\(https?:[^\s()]*\)$/.test(last) ? `\n\n${last}` : '';
  // Room for the mark, and for a fence that has to be closed.
  const whole = firstLines(lines, bytesMax - bytesOf(link) - cutMark.length * 3 - 2 - longestFence(lines));
  const open = fencesIn(whole).at(-1);
  const close = open !== undefined && open.end === undefined ? `\n${open.mark}` : '';
  return `${whole.join('\n')}${close}\n${cutMark}${link}`;
}

interface Fence {
  readonly start: number;
  /** The line that closes it; undefined = none does. */
  readonly end: number | undefined;
  readonly mark: string;
}

function fencesIn(lines: readonly string[]): readonly Fence[] {
  const fences: Fence[] = [];
  let open: { readonly start: number; readonly mark: string } | undefined;
  lines.forEach((line, index) => {
    const [, mark = '', info = ''] = /^(`{3,})([^`]*)$/.exec(line) ?? [];
    if (mark === '') return;
    if (open === undefined) open = { start: index, mark };
    else if (mark.length >= open.mark.length && info.trim() === '') {
      fences.push({ ...open, end: index });
      open = undefined;
    }
  });
  return open === undefined ? fences : [...fences, { ...(open as Omit<Fence, 'end'>), end: undefined }];
}

function longestFence(lines: readonly string[]): number {
  return Math.max(0, ...fencesIn(lines).map(({ mark }) => mark.length + 1));
}

function firstLines(lines: readonly string[], bytesMax: number): readonly string[] {
  let bytes = 0;
  const end = lines.findIndex((line) => (bytes += bytesOf(line) + 1) > bytesMax);
  return end < 0 ? lines : lines.slice(0, end);
}

function lastLines(lines: readonly string[], bytesMax: number): readonly string[] {
  return firstLines(lines.toReversed(), bytesMax).toReversed();
}
