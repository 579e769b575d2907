/** Begins each marker of a comment of ours, so that a comment is known to be ours wherever it is met. */
export const ownMarkerPrefix = 'penstock-';

/** A marker on a line of its own, in both forms that hosts hide: an HTML comment, and a link definition without use. */
const markerLine = /^(?:<!-- penstock-[\w-]{1,80} -->|\[\/\/\]: # \(penstock-[\w-]{1,80}\))$/;

/**
 * Whether we wrote this comment: its first or last line is a marker of ours. Such comments quote logs, and are written by an
 * account that may do much: nothing in them is ever a command. Somebody else who writes a marker only goes unheard.
 */
export function isOwnComment(body: string): boolean {
  const text = body.trim();
  const [first, last] = [text.slice(0, lineMax).split('\n', 1)[0], text.slice(-lineMax).split('\n').at(-1)];
  return [first, last].some((line) => line !== undefined && markerLine.test(line.trim()));
}

/** Longer than any line with a marker, in UTF-16 units. */
const lineMax = 200;
