/** `{{ expression }}` in a text. */
export interface Placeholder {
  /** Offset of the first brace. */
  readonly start: number;
  /** Offset after the last brace. */
  readonly end: number;
  /** What stands between the braces, trimmed. */
  readonly expression: string;
}

/** Fewest characters between the braces, blanks counted: as published. */
const innerCharactersMin = 2;

/**
 * The placeholders of `text`, in order: two braces, at least two characters that are no closing brace, two braces. Of
 * several opening braces the last ones count, so that a stray `{{` swallows nothing. Linear in the text.
 */
export function findPlaceholders(text: string): readonly Placeholder[] {
  const found: Placeholder[] = [];
  let open = -1;
  for (let at = 0; at < text.length - 1; at += 1) {
    const character = text[at];
    if (character === '{' && text[at + 1] === '{') open = at;
    if (character !== '}') continue;
    const closes = text[at + 1] === '}';
    if (closes && open >= 0 && at - (open + 2) >= innerCharactersMin) {
      found.push({ start: open, end: at + 2, expression: text.slice(open + 2, at).trim() });
      at += 1;
    }
    open = -1;
  }
  return found;
}

/** `text` with what `replace` gives for each placeholder. */
export function replacePlaceholders(text: string, replace: (placeholder: Placeholder) => string): string {
  let result = '';
  let from = 0;
  for (const placeholder of findPlaceholders(text)) {
    result += text.slice(from, placeholder.start) + replace(placeholder);
    from = placeholder.end;
  }
  return from === 0 ? text : result + text.slice(from);
}

/** Whether `text` is one placeholder and nothing else. */
export function isOnePlaceholder(text: string): boolean {
  const [first] = findPlaceholders(text);
  return first?.start === 0 && first.end === text.length;
}
