/** A page as data: what it says, whatever it is written in. */
import { withoutControls } from '../text/markdown.ts';
import type { DetailsPage } from './details-path.ts';

/** A piece of a line. `to`: another page of ours, or an address at a Git host. */
export interface Piece {
  readonly text: string;
  readonly to?: DetailsPage | string;
}

export type Line = readonly Piece[];

export type Block =
  | { readonly kind: 'facts'; readonly rows: readonly { readonly name: string; readonly value: Line }[] }
  | { readonly kind: 'paragraph'; readonly line: Line }
  /** Shown exactly as it is, line by line. */
  | { readonly kind: 'verbatim'; readonly text: string }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Line[])[] };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** How a page looks at first sight. */
export type Tone = 'good' | 'bad' | 'waiting' | 'neutral';

export interface Page {
  readonly title: string;
  readonly state: string;
  readonly tone: Tone;
  readonly sections: readonly Section[];
}

/** Most characters of a piece of a line, and of what is shown verbatim. */
export const pieceCharactersMax = 4_000;
export const verbatimCharactersMax: number = 64 * 1024;

/** A line of plain text. */
export function line(text: string): Line {
  return [{ text }];
}

/** A row of facts, or none where there is nothing to say. */
export function fact(
  name: string,
  value: string | Line | undefined,
): readonly { readonly name: string; readonly value: Line }[] {
  if (value === undefined || value === '' || value.length === 0) return [];
  return [{ name, value: typeof value === 'string' ? line(value) : value }];
}

/**
 * The page with every text of it passed through `mask`, without characters that move, hide or turn others, and cut to what
 * a page holds. Addresses that hold something to be masked, or are none that a browser may be sent to, are left out.
 */
export function cleanPage(page: Page, mask: (text: string) => string): Page {
  const clean = (text: string, charactersMax: number): string => cut(withoutControls(mask(text)), charactersMax);
  const short = (text: string): string => clean(text, pieceCharactersMax).replaceAll(/\s+/g, ' ');
  const lineOf = (pieces: Line): Line =>
    pieces.map(({ text, to }) => {
      const kept = typeof to === 'string' && (!isAddress(to) || mask(to) !== to) ? undefined : to;
      return { text: short(text), ...(kept === undefined ? {} : { to: kept }) };
    });
  const block = (given: Block): Block => {
    switch (given.kind) {
      case 'facts':
        return { ...given, rows: given.rows.map(({ name, value }) => ({ name: short(name), value: lineOf(value) })) };
      case 'paragraph':
        return { ...given, line: lineOf(given.line) };
      case 'verbatim':
        return { ...given, text: clean(given.text, verbatimCharactersMax).replaceAll(/^\n+|\s+$/g, '') };
      case 'table':
        return { ...given, head: given.head.map(short), rows: given.rows.map((row) => row.map(lineOf)) };
    }
  };
  const sections = page.sections.map(({ title, blocks }) => ({ title: short(title), blocks: blocks.map(block) }));
  return { title: short(page.title), state: short(page.state), tone: page.tone, sections };
}

function isAddress(url: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(url) && withoutControls(url) === url && URL.canParse(url);
}

function cut(text: string, charactersMax: number): string {
  const characters = text.length <= charactersMax ? [] : [...text];
  return characters.length <= charactersMax ? text : `${characters.slice(0, charactersMax - 1).join('')}…`;
}
