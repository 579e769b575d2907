/** Small questions about members of core kinds. */
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../base/json.ts';

const labelPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const labelCharactersMax = 63;

/** Why `text` is no DNS label; undefined when it is one. */
export function labelProblem(text: string): string | undefined {
  if (text.length > labelCharactersMax) return `must be no more than ${labelCharactersMax} characters`;
  if (labelPattern.test(text)) return undefined;
  return (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
    "with an alphanumeric character (e.g. 'my-name', or '123-abc')"
  );
}

/** Whether a path leads nowhere but below where it starts. The empty one does. */
export function isLocalPath(path: string): boolean {
  return !path.startsWith('/') && !path.split('/').includes('..');
}

/** The objects in a list; none when it is no list. */
export function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return isJsonList(value) ? value.filter(isJsonObject) : [];
}
