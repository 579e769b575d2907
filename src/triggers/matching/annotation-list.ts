/** Most items of a list in an annotation. */
export const listItemsMax = 200;

export type ListResult =
  | { readonly ok: true; readonly items: readonly string[] }
  | { readonly ok: false; readonly message: string };

/**
 * Reads a list as annotations have it: a bare value, or `[a, b]`. Items are trimmed; `&#44;` is a comma within an item.
 * A bare value has no blank and no bracket.
 */
export function parseAnnotationList(value: string): ListResult {
  const text = value.trim();
  if (text === '') return refused('is empty');
  if (!text.startsWith('[') || !text.endsWith(']')) return bare(text);
  const items = text
    .slice(1, -1)
    .split(',')
    .map((item) => item.trim().replaceAll('&#44;', ','));
  if (items[0] === '') return refused('is a list whose first item is empty');
  if (items.length > listItemsMax) return refused(`lists ${items.length} items; at most ${listItemsMax} are allowed`);
  return { ok: true, items: items.filter((item) => item !== '') };
}

function bare(text: string): ListResult {
  if (/[\s[\]]/.test(text)) return refused(`is neither one word nor a list: write [a, b], not ${JSON.stringify(text)}`);
  return { ok: true, items: [text.replaceAll('&#44;', ',')] };
}

function refused(message: string): ListResult {
  return { ok: false, message };
}
