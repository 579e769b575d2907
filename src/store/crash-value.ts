/** The text that the crash test's writer stores at a revision: a torn or mixed-up value cannot equal it. */
export function textOf(revision: number, length: number): string {
  return `${revision};`.repeat(Math.ceil(length / 2)).slice(0, length);
}
