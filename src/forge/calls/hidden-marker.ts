/**
 * A marker that readers of a comment do not see, for hosts whose Markdown shows HTML as text: the definition of a link that
 * nothing refers to.
 */
export function hiddenMarker(marker: string): string {
  const safe = encodeURIComponent(marker).replaceAll('(', '%28').replaceAll(')', '%29');
  return `[//]: # (${safe})`;
}

/** The comment with its marker. The empty line before it is part of the form. */
export function withHiddenMarker(body: string, marker: string): string {
  return `${body.trimEnd()}\n\n${hiddenMarker(marker)}`;
}

/** Whether a comment carries the marker. */
export function hasHiddenMarker(body: string, marker: string): boolean {
  return body.split(/\r?\n/).some((line) => line.trim() === hiddenMarker(marker));
}
