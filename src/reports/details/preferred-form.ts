/** Whether a request would rather have plain text than HTML, by its header `Accept`. */
export function prefersPlainText(accept = '*/*'): boolean {
  return weightOf('text/plain', accept) > weightOf('text/html', accept);
}

/** What is asked for by name counts; `*` asks for anything, and so says nothing. */
function weightOf(type: string, accept: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return weight === undefined ? 1 : Number(weight) || 0;
  }
  return 0;
}
