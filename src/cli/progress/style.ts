import { styleText } from 'node:util';
import { assert } from '../../base/assert.ts';
import type { Phase } from './run-view.ts';

/** Paints text for a terminal, or leaves it plain. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** A {@link Paint} that colours, or one that does nothing. */
export function paintFor(colour: boolean): Paint {
  return colour ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

const looks: Readonly<Record<Phase, readonly [symbol: string, colour: Parameters<typeof styleText>[0]]>> = {
  waiting: ['○', 'gray'],
  running: ['●', 'cyan'],
  succeeded: ['✓', 'green'],
  failed: ['✗', 'red'],
  cancelled: ['⊘', 'yellow'],
  skipped: ['–', 'gray'],
  lost: ['?', 'magenta'],
};

/** The symbol of a phase, painted. */
export function symbolOf(phase: Phase, paint: Paint): string {
  const [symbol, colour] = looks[phase];
  return paint(colour, symbol);
}

/** A span for people: `0.3s`, `12s`, `3m04s`, `2h05m`. */
export function formatSpan(spanMs: number): string {
  assert(Number.isFinite(spanMs), 'a span is a number');
  const ms = Math.max(0, spanMs);
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${pad(Math.floor((seconds % 3600) / 60))}m`;
}
