/** The texts as which a secret value may stand in a log: as it is, and as programs write it down for others. */

import { findableLengthMin } from './secret-finder.ts';

/** Shorter values are not masked: they stand in too many ordinary words, and hide nothing. */
export const maskedLengthMin: number = findableLengthMin;
/** Most encoded forms of all values together; those that are met more often come first. */
export const encodedFormsMax = 2_000;
/** Most bytes of all encoded forms together. */
export const encodedBytesMax: number = 256 * 1024;
/** Longest value that is encoded, in bytes of UTF-8. */
export const encodedValueBytesMax: number = 16 * 1024;
/** After so many characters programs break lines of base64: `base64` of coreutils, and PEM. */
const base64Lines: readonly number[] = [76, 64];

/**
 * The values, and bounded in number and size their encodings: base64 and base64url, also where the value is a part of what
 * was encoded (`user:password`) and where it was broken into lines; percent-encodings; strings of JSON. Each line of a value
 * is a value. None of the forms has a line end in it.
 */
export function secretForms(secrets: readonly string[]): readonly string[] {
  const whole = secrets.map((secret) => secret.trim());
  const plain = distinct(whole.flatMap((secret) => secret.split(/\r?\n/)).map((line) => line.trim()));
  const encoded = distinct([...plain, ...whole]).filter((text) => Buffer.byteLength(text) <= encodedValueBytesMax);
  const forms = new Set(plain);
  let [count, bytes] = [0, 0];
  for (const encode of encodings) {
    for (const form of encoded.flatMap((text) => encode(text))) {
      if (form.length < maskedLengthMin || /[\r\n]/.test(form) || forms.has(form)) continue;
      if (++count > encodedFormsMax || (bytes += form.length) > encodedBytesMax) return [...forms];
      forms.add(form);
    }
  }
  return [...forms];
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].filter((text) => Buffer.byteLength(text) >= maskedLengthMin);
}

/** Those first that are met most. */
const encodings: readonly ((text: string) => readonly string[])[] = [
  (text) => [base64(text)],
  (text) => percentEncoded(text),
  (text) => jsonEscaped(text),
  (text) => base64Within(text).flatMap((form) => [form, urlSafe(form)]),
  (text) => [urlSafe(base64(text))],
  (text) => base64Lines.flatMap((length) => broken(base64(text), length)),
];

function base64(text: string): string {
  return Buffer.from(text).toString('base64').replace(/=+$/, '');
}

function urlSafe(form: string): string {
  return form.replaceAll('+', '-').replaceAll('/', '_');
}

/**
 * What the base64 of a longer text has in it wherever the value stands there: three forms, by how many bytes stand before it
 * beyond whole groups of three. Characters that tell of neighbouring bytes too are left out.
 */
function base64Within(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}

function broken(form: string, length: number): readonly string[] {
  if (form.length <= length) return [];
  return Array.from({ length: Math.ceil(form.length / length) }, (_, line) =>
    form.slice(line * length, (line + 1) * length),
  );
}

/** As JavaScript, RFC 3986, forms and paths have it; with capital and small hexadecimal digits. */
function percentEncoded(text: string): readonly string[] {
  const loose = encodeURIComponent(text.toWellFormed());
  const strict = loose.replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = strict.replaceAll('%20', '+').replaceAll('~', '%7E').replaceAll('%2A', '*');
  const all = [loose, strict, form, loose.replaceAll('%2F', '/')];
  return [...all, ...all.map((each) => each.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** As JavaScript writes strings; as Go does, which escapes what HTML reads; and with nothing but ASCII, as Python does. */
function jsonEscaped(text: string): readonly string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const code = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const ascii = plain.replaceAll(/[^\u0020-\u007e]/g, code);
  return [plain, plain.replaceAll(/[<>&\u2028\u2029]/g, code), ascii, ascii.replaceAll('/', String.raw`\/`)];
}
