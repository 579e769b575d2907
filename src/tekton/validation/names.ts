import { type Causes, invalid, required, tooLong } from './causes.ts';
import { nameCharactersMax } from './limits.ts';

const dnsLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const dottedParamName = /^[_a-zA-Z][_a-zA-Z0-9.-]*$/;
const objectParamName = /^[_a-zA-Z][_a-zA-Z0-9-]*$/;
const resultName = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** A name that becomes part of the name of a container or object: a DNS label. */
export function* checkLabelName(name: string | undefined, field: string, what: string): Causes {
  if (!name) yield required(field, `${what} needs a name`);
  else if (name.length > nameCharactersMax) yield tooLong(field, lengthText(name));
  else if (!dnsLabel.test(name)) {
    yield invalid(
      field,
      `"${name}" must consist of lower case letters, digits and "-", and begin and end with a letter or digit`,
    );
  }
}

/** The name of an object, which also becomes the value of a label: a DNS subdomain of at most 63 characters. */
export function* checkObjectName(name: string | undefined, field: string): Causes {
  if (!name) return;
  if (name.length > nameCharactersMax) yield tooLong(field, lengthText(name));
  else if (!dnsSubdomain.test(name)) {
    yield invalid(
      field,
      `"${name}" must consist of lower case letters, digits, "-" and ".", and each part between dots begin and end with a letter or digit`,
    );
  }
}

/** The name of a param: a text or list may have dots in it, an object and its keys may not. */
export function* checkParamName(name: string, isObject: boolean, field: string): Causes {
  if ((isObject ? objectParamName : dottedParamName).test(name)) return;
  const allowed = isObject ? 'letters, digits, "-" and "_"' : 'letters, digits, "-", "_" and "."';
  yield invalid(field, `"${name}" must consist of ${allowed}, and begin with a letter or "_"`);
}

/** The name of a result, which is also that of a file. */
export function* checkResultName(name: string, field: string): Causes {
  if (resultName.test(name)) return;
  yield invalid(
    field,
    `"${name}" must consist of letters, digits, "-", "_" and ".", and begin and end with a letter or digit`,
  );
}

function lengthText(name: string): string {
  return `"${name.slice(0, nameCharactersMax)}…" has ${name.length} characters; at most ${nameCharactersMax} are allowed`;
}
