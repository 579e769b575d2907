import type { Paint } from '../progress/style.ts';
import type { Finding, FindingLevel } from './finding.ts';

const looks: Readonly<Record<FindingLevel, readonly [symbol: string, colour: Parameters<Paint>[0]]>> = {
  ok: ['✓', 'green'],
  warn: ['!', 'yellow'],
  fail: ['✗', 'red'],
};
const checkWidth = 15;

/** Findings as lines, with a heading for each thing they are about. */
export class FindingList {
  readonly #paint: Paint;
  #about: string | undefined;

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  /** The lines of the next finding. */
  text({ about, check, level, message, remedy }: Finding): string {
    const heading = about === this.#about ? '' : `${this.#about === undefined ? '' : '\n'}${printable(about)}\n`;
    this.#about = about;
    const [symbol, colour] = looks[level];
    const line = `  ${this.#paint(colour, symbol)} ${check.padEnd(checkWidth)} ${printable(message)}\n`;
    const below = remedy === undefined ? '' : `    ${' '.repeat(checkWidth)} → ${printable(remedy)}\n`;
    return heading + line + below;
  }
}

/** Without what would steer a terminal: messages quote hosts and objects. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
