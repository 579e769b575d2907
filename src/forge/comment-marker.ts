import type { CommentReport } from './forge.ts';

/** A marker as it stands in a comment, where readers do not see it. */
export function hiddenMarker(marker: string): string {
  return marker.startsWith('<!--') ? marker : `<!-- ${marker.replaceAll('--', '- -')} -->`;
}

/** A comment's text with its marker. */
export function markedBody({ marker, body }: Pick<CommentReport, 'marker' | 'body'>): string {
  const hidden = hiddenMarker(marker);
  return body.includes(hidden) ? body : `${hidden}\n${body}`;
}
