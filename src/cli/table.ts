/** Spaces between two columns. */
const gap = 3;

/**
 * Rows under their headings, each column as wide as its widest cell. Cells hold names and words of the API, which take one
 * column a character.
 */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_heading, column) =>
    all.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd((widths[column] ?? 0) + gap)).join('');
  return all.map((row) => `${line(row).trimEnd()}\n`).join('');
}
