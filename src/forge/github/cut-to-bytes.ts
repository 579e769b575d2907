/** Stands at the end of a text that was cut. */
const cutMark = '…';

/** The text, or as much of its beginning as fits, with `…`, when it has more than `bytesMax` bytes in UTF-8. */
export function cutToBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax - Buffer.byteLength(cutMark);
  // Bytes within a character begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}${cutMark}`;
}
