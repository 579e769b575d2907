import { SecretFinder, type Finding } from './secret-finder.ts';
import { secretForms } from './secret-forms.ts';

/** What stands in a log in place of a secret. */
const replacement = '***';

/** Longer values are masked piece by piece: what is held back stays small. */
const pieceBytesMax: number = 4 * 1024;

/**
 * Replaces secret values in a stream of bytes, also where a value is cut by the chunks. Each line of a value with several
 * lines is a value, and so are its encodings, see {@link secretForms}.
 */
export class SecretMask {
  readonly #finder: SecretFinder;
  /** One less than the longest value: what may be the beginning of one. */
  readonly #heldMax: number;
  #held = '';

  constructor(secrets: readonly string[]) {
    this.#finder = finderOf(secrets);
    this.#heldMax = Math.max(0, this.#finder.longest - 1);
  }

  /** The masked bytes that may be written now; the last few are held back until more comes or {@link flush}. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#finder.longest === 0) return chunk;
    const text = this.#held + Buffer.from(chunk).toString('latin1');
    const findings = this.#finder.find(text);
    // No value spans a line: what is before the last line end is complete.
    const lineStart = text.lastIndexOf('\n') + 1;
    const complete = Math.max(lineStart, this.#safeEnd(text, findings));
    this.#held = text.slice(complete);
    return Buffer.from(masked(text.slice(0, complete), findings), 'latin1');
  }

  /** What was held back. */
  flush(): Uint8Array {
    const rest = this.#held;
    this.#held = '';
    return Buffer.from(masked(rest, this.#finder.find(rest)), 'latin1');
  }

  /** How far the text may be written: not into what may become a value, and not into the middle of one. */
  #safeEnd(text: string, findings: readonly Finding[]): number {
    const end = Math.max(0, text.length - this.#heldMax);
    return findings.find((finding) => finding.start < end && finding.end > end)?.end ?? end;
  }
}

/** A function that replaces secret values in whole texts. To be kept for many: what it looks for is worked out once. */
export function maskerOf(secrets: readonly string[]): (text: string) => string {
  const finder = finderOf(secrets);
  if (finder.longest === 0) return (text) => text;
  return (text) => {
    const bytes = Buffer.from(text).toString('latin1');
    const findings = finder.find(bytes);
    // Most texts hold nothing secret, and stay what they are.
    return findings.length === 0 ? text : Buffer.from(masked(bytes, findings), 'latin1').toString('utf8');
  };
}

/** `text` without those of the values that end in it. */
function masked(text: string, findings: readonly Finding[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const { start, end } of findings) {
    if (end > text.length) break;
    parts.push(text.slice(from, start), replacement);
    from = end;
  }
  return parts.join('') + text.slice(from);
}

/** Bytes are compared as latin1 text, in which every byte is one character. */
function finderOf(secrets: readonly string[]): SecretFinder {
  return new SecretFinder(secretForms(secrets).flatMap((form) => piecesOf(Buffer.from(form).toString('latin1'))));
}

function piecesOf(value: string): readonly string[] {
  const count = Math.max(1, Math.ceil(value.length / pieceBytesMax));
  return Array.from({ length: count }, (_, index) => value.slice(index * pieceBytesMax, (index + 1) * pieceBytesMax));
}
