/** A field path in Kubernetes notation: `spec.tasks[0].name`. Numbers are list indexes. */
export function fieldPathText(segments: readonly (string | number)[]): string {
  let text = '';
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}
