/** The causes of an invalid value, in the words of the Kubernetes API. */
import type { Json } from '../base/json.ts';
import type { StatusCause } from '../kube/api-error.ts';

/** `Required value`. */
export function requiredCause(field: string): StatusCause {
  return { reason: 'FieldValueRequired', message: 'Required value', field };
}

/** `Invalid value: "integer": spec.x in body must be of type string: "integer"`. */
export function typeCause(field: string, wanted: string, found: string): StatusCause {
  const message = `Invalid value: "${found}": ${bodyName(field)} must be of type ${wanted}: "${found}"`;
  return { reason: 'FieldValueTypeInvalid', message, field };
}

/** `Invalid value: 5: detail`. */
export function invalidCause(field: string, value: Json, detail: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${valueText(value)}: ${detail}`, field };
}

/** Like {@link invalidCause}, the detail starting with `spec.x in body`. */
export function bodyCause(field: string, value: Json, rule: string): StatusCause {
  return invalidCause(field, value, `${bodyName(field)} ${rule}`);
}

/** `Unsupported value: "x": supported values: "a", "b"`. */
export function unsupportedCause(field: string, value: Json, supported: readonly Json[]): StatusCause {
  const list = supported.map((item) => `"${typeof item === 'string' ? item : JSON.stringify(item)}"`).join(', ');
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${valueText(value)}: supported values: ${list}`,
    field,
  };
}

/** `Duplicate value: {"name":"a"}`. */
export function duplicateCause(field: string, value: Json): StatusCause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

/** `Too long: may not be more than 63 bytes`. */
export function tooLongCause(field: string, bytesMax: number): StatusCause {
  return { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${bytesMax} bytes`, field };
}

/** `Too many: 3: must have at most 2 items`. */
export function tooManyCause(field: string, count: number, countMax: number): StatusCause {
  return { reason: 'FieldValueTooMany', message: `Too many: ${count}: must have at most ${countMax} items`, field };
}

/** `Forbidden: detail`. */
export function forbiddenCause(field: string, detail: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${detail}`, field };
}

function bodyName(field: string): string {
  return field === '' ? 'the object in body' : `${field} in body`;
}

/** Characters of a value that a message repeats. */
const valueCharactersMax = 200;

function valueText(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= valueCharactersMax ? text : `${text.slice(0, valueCharactersMax)}…`;
}
