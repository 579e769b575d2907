/** Markdown that shows exactly what it is given, whoever wrote that. */

/** Most bytes of a report's text: what GitHub takes. Hosts that take less cut further. */
export const textBytesMax = 65_535;

const encoder = new TextEncoder();

/** Bytes of `text` in UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** The longest beginning of `text` that takes at most `bytesMax` bytes; never half of a character. */
export function cutToBytes(text: string, bytesMax: number): string {
  if (bytesOf(text) <= bytesMax) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > bytesMax) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** The longest end of `text` that takes at most `bytesMax` bytes; never half of a character. */
export function lastBytes(text: string, bytesMax: number): string {
  const size = bytesOf(text);
  if (size <= bytesMax) return text;
  let dropped = 0;
  let start = 0;
  for (const character of text) {
    if (size - dropped <= bytesMax) break;
    dropped += bytesOf(character);
    start += character.length;
  }
  return text.slice(start);
}

/** `text` on one line of Markdown, with nothing in it that Markdown, HTML or a host's mentions would read. */
export function inline(text: string): string {
  const oneLine = withoutControls(text).replaceAll(/\s+/g, ' ').trim();
  // A character of no width after the sign keeps hosts from telling people that they were mentioned.
  return oneLine.replaceAll(/[\\`*_{}[\]<>|~#!&]/g, String.raw`\$&`).replaceAll('@', '@\u200b');
}

/** `text` as one line of plain text, at most `charactersMax` characters. */
export function plainLine(text: string, charactersMax: number): string {
  const characters = [...withoutControls(text).replaceAll(/\s+/g, ' ').trim()];
  if (characters.length <= charactersMax) return characters.join('');
  return `${characters.slice(0, charactersMax - 1).join('')}…`;
}

/** `text` in a fence that nothing in it can end. */
export function fenced(text: string): string {
  const content = withoutControls(text).replaceAll(/^\n+|\n+$/g, '');
  const longest = Math.max(0, ...[...content.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}text\n${content}\n${fence}`;
}

/** A link; `undefined` when the address could end it. */
export function link(label: string, url: string): string | undefined {
  return /^https?:\/\/[^\s()<>\\]+$/.test(url) ? `[${inline(label)}](${url})` : undefined;
}

/** What terminals understand as colours and movements: CSI and OSC sequences, and other escapes. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
/** Control characters but tab and line feed, and those that reorder text. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** `text` as a person would see it in a terminal, roughly: lines end with line feeds, and nothing moves or hides. */
export function withoutControls(text: string): string {
  return text.replaceAll(/\r+\n/g, '\n').replaceAll(escapes, '').replaceAll('\r', '\n').replaceAll(controls, '');
}
