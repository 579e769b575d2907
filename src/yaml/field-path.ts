/** The segments of a field path in Kubernetes notation: `spec.tasks[0].env[HOME]` → spec, tasks, 0, env, HOME. */
export function parseFieldPath(path: string): readonly (string | number)[] {
  const segments: (string | number)[] = [];
  let rest = path;
  while (rest !== '') {
    if (rest.startsWith('.')) rest = rest.slice(1);
    const match = /^\[([^\]]*)\]|^[^.[]+/.exec(rest);
    if (!match) break;
    segments.push(segmentOf(match[0], match[1]));
    rest = rest.slice(match[0].length);
  }
  return segments;
}

function segmentOf(text: string, bracketed: string | undefined): string | number {
  if (bracketed === undefined) return text;
  return /^\d+$/.test(bracketed) ? Number(bracketed) : bracketed.replace(/^(["'])(.*)\1$/, '$2');
}
