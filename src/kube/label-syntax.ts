/** What Kubernetes accepts as the key and the value of a label. */

const labelNameCharactersMax = 63;
const labelPrefixCharactersMax = 253;
const namePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const prefixPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Why `key` cannot be the key of a label or an annotation; undefined when it can. */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = slash < 0 ? key : key.slice(slash + 1);
  if (prefix !== undefined) {
    if (prefix === '') return 'prefix part must be non-empty';
    if (prefix.length > labelPrefixCharactersMax)
      return `prefix part must be no more than ${labelPrefixCharactersMax} characters`;
    if (!prefixPattern.test(prefix)) return 'prefix part must be a lower case DNS subdomain, such as example.com';
  }
  if (name === '') return 'name part must be non-empty';
  if (name.length > labelNameCharactersMax)
    return `name part must be no more than ${labelNameCharactersMax} characters`;
  if (!namePattern.test(name))
    return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return undefined;
}

/** Why `value` cannot be the value of a label; undefined when it can. The empty text can. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '') return undefined;
  if (value.length > labelNameCharactersMax) return `must be no more than ${labelNameCharactersMax} characters`;
  if (!namePattern.test(value))
    return "must be empty or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return undefined;
}
