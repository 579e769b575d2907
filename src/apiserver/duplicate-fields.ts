/** Members that an object in JSON text has twice: `JSON.parse` keeps the last and says nothing. */

/** Most duplicates that are told of one text. */
export const duplicateFieldsMax = 100;

/** An object or a list that has not ended yet. */
interface Level {
  /** Of an object: its keys so far. Undefined for a list. */
  readonly keys: Set<string> | undefined;
  /** The member or the index we are in. */
  at: string | number;
  expectsKey: boolean;
}

/**
 * The paths of members that are there more than once, as `spec.steps[0].name`, in the order met. `text` must be JSON:
 * call it after `JSON.parse`. Takes time proportional to the text, and no recursion.
 */
export function duplicateFields(text: string): readonly string[] {
  const found: string[] = [];
  const levels: Level[] = [];
  for (let index = 0; index < text.length && found.length < duplicateFieldsMax; index++) {
    const level = levels.at(-1);
    switch (text[index]) {
      case '{':
        levels.push({ keys: new Set(), at: '', expectsKey: true });
        break;
      case '[':
        levels.push({ keys: undefined, at: 0, expectsKey: false });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (level) nextMember(level);
        break;
      case '"': {
        const end = endOfString(text, index);
        if (level?.keys && level.expectsKey) enterMember(level, level.keys, text.slice(index, end + 1), levels, found);
        index = end;
        break;
      }
      default:
    }
  }
  return found;
}

function nextMember(level: Level): void {
  if (typeof level.at === 'number') level.at += 1;
  else level.expectsKey = true;
}

function enterMember(level: Level, keys: Set<string>, quoted: string, levels: readonly Level[], found: string[]): void {
  const key = quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
  level.at = key;
  level.expectsKey = false;
  if (keys.has(key)) found.push(pathOf(levels));
  keys.add(key);
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text[index - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function pathOf(levels: readonly Level[]): string {
  return levels.map(({ at }, index) => (typeof at === 'number' ? `[${at}]` : index === 0 ? at : `.${at}`)).join('');
}
