import { md5Hex } from '../base/md5.ts';

/** The longest name that may also stand as a label's value. */
const nameCharactersMax = 63;

/** What an md5 in hexadecimal leaves of the longest name. */
const prefixCharactersMax = nameCharactersMax - 32;

/**
 * The name of a child: `parent` and `suffix` joined, shortened with a hash when too long, the same every time. Equal to
 * what Tekton makes (reference/tekton 1.0), so that tools find the child.
 */
export function childName(parent: string, suffix: string): string {
  if (parent.length + suffix.length <= nameCharactersMax) return parent + suffix;
  if (suffix.length < prefixCharactersMax) {
    return parent.slice(0, prefixCharactersMax - suffix.length) + md5Hex(parent) + suffix;
  }
  const hashed = parent.slice(0, prefixCharactersMax) + md5Hex(parent + suffix);
  return (hashed + suffix.slice(0, nameCharactersMax - hashed.length)).replace(/[^a-zA-Z0-9]+$/, '');
}
