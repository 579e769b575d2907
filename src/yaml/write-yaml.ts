import { stringify } from 'yaml';
import { isJsonList, isJsonObject, type Json } from '../base/json.ts';

/**
 * YAML of one document, ending in a line break, that every reader of Kubernetes manifests reads back as `value`: text that
 * YAML 1.1 takes for something else (`yes`, `0o7`, `1e3`) is quoted, and nothing is an alias. No key may be `<<`.
 */
export function writeYaml(value: Json): string {
  const blockQuote = hasFragileText(value) ? false : 'literal';
  return stringify(value, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0, blockQuote });
}

/** A stream of documents. */
export function writeYamlDocuments(values: readonly Json[]): string {
  return values.map(writeYaml).join('---\n');
}

/** Whether somewhere is text of several lines that blocks of YAML do not carry whole: blanks at its start or at the ends of lines. */
function hasFragileText(value: Json): boolean {
  if (typeof value === 'string')
    return value.includes('\n') && /^\s|[^\S\n]$/m.test(value.replaceAll(/\n +(?=\S)/g, '\n'));
  if (isJsonList(value)) return value.some(hasFragileText);
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([key, member]) => key.includes('\n') || hasFragileText(member ?? null));
}
