import type { CancelTimer, Clock } from '../../base/clock.ts';
import type { Screen } from '../environment.ts';

/** How often durations are drawn anew, in milliseconds. */
const tickMs = 100;
/** Shortest span between two drawings, in milliseconds: quicker ones cannot be seen. */
const frameMs = 30;

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
/** Without wrapping each line stays one row, so that the rows to go back up can be counted. */
const stopWrapping = '\u001b[?7l';
const wrapAgain = '\u001b[?7h';
const clearBelow = '\u001b[J';
const clearLine = '\u001b[2K';
const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');

/** Lines at the bottom of a terminal that are drawn again and again until {@link finish}. */
export class LiveRegion {
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #render: () => readonly string[];
  #drawn = 0;
  #cancel: CancelTimer | undefined;
  #nextMs = Number.POSITIVE_INFINITY;
  #open = false;

  constructor(screen: Screen, clock: Clock, render: () => readonly string[]) {
    this.#screen = screen;
    this.#clock = clock;
    this.#render = render;
  }

  /** Draws soon, because something changed. The first call opens the region. */
  refresh(): void {
    if (!this.#open) {
      this.#open = true;
      this.#screen.write(hideCursor);
      this.#draw();
    } else this.#plan(frameMs);
  }

  /** Lets `write` put whole lines above the region, which is drawn anew below them. */
  interject(write: () => void): void {
    if (!this.#open) return write();
    this.#screen.write(`${up(this.#drawn)}\r${clearBelow}`);
    this.#drawn = 0;
    write();
    this.#draw();
  }

  /** Draws the last state for good and gives the terminal back. */
  finish(): void {
    this.#cancel?.();
    if (!this.#open) return;
    this.#open = false;
    this.#paint(this.#render());
    this.#screen.write(showCursor);
  }

  #plan(delayMs: number): void {
    const atMs = this.#clock.monotonicMs() + delayMs;
    if (atMs >= this.#nextMs) return;
    this.#cancel?.();
    this.#nextMs = atMs;
    this.#cancel = this.#clock.schedule(delayMs, () => this.#draw());
  }

  #draw(): void {
    this.#nextMs = Number.POSITIVE_INFINITY;
    this.#paint(clip(this.#render(), this.#screen.rows() - 1));
    this.#plan(tickMs);
  }

  #paint(lines: readonly string[]): void {
    const text = lines.map((line) => `${clearLine}${line}\n`).join('');
    // Fewer lines than before: the rest of the old ones goes, and the cursor comes back to the end of the new ones.
    const surplus = Math.max(0, this.#drawn - lines.length);
    const rest = `${`${clearLine}\n`.repeat(surplus)}${up(surplus)}`;
    this.#screen.write(`${up(this.#drawn)}\r${stopWrapping}${text}${rest}${wrapAgain}`);
    this.#drawn = lines.length;
  }
}

/** At most `rows` lines: what does not fit is counted, since a terminal cannot draw again what has scrolled away. */
function clip(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows || rows < 2) return lines.slice(0, Math.max(1, rows));
  const hidden = lines.length - (rows - 1);
  return [...lines.slice(0, rows - 1), `… ${hidden} more`];
}
