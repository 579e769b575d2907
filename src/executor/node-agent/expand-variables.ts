/**
 * Expands `$(NAME)` as a kubelet does in command, args and variables: a reference to an unknown name stays as it is,
 * `$$` is a literal `$` (so `$$(NAME)` gives the text `$(NAME)`), any other `$` is literal.
 */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): string {
  let expanded = '';
  let start = 0;
  for (let at = text.indexOf('$'); at >= 0 && at + 1 < text.length; at = text.indexOf('$', start)) {
    expanded += text.slice(start, at);
    const reference = readReference(text, at);
    expanded += reference.name === undefined ? reference.text : (lookup(reference.name) ?? reference.text);
    start = reference.end;
  }
  return expanded + text.slice(start);
}

/** What stands at the `$` at `at`: a reference, or literal text; and where it ends. */
function readReference(
  text: string,
  at: number,
): { readonly name?: string; readonly text: string; readonly end: number } {
  const next = text.charAt(at + 1);
  if (next === '$') return { text: '$', end: at + 2 };
  if (next !== '(') return { text: `$${next}`, end: at + 2 };
  const close = text.indexOf(')', at + 2);
  if (close < 0) return { text: '$(', end: at + 2 };
  return { name: text.slice(at + 2, close), text: text.slice(at, close + 1), end: close + 1 };
}
