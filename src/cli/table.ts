import stringWidth from 'string-width';

/** Spaces between two columns. */
const gap = 3;

/** Rows under their headings, each column as wide as its widest cell. The last column may be of any width. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_heading, column) => Math.max(...all.map((row) => stringWidth(row[column] ?? ''))));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => `${cell}${' '.repeat((widths[column] ?? 0) - stringWidth(cell) + gap)}`).join('');
  return all.map((row) => `${line(row).trimEnd()}\n`).join('');
}
