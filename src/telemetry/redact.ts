import { isJsonObject } from '../base/json.ts';

/** What stands in the place of a secret. */
export const redacted = '[redacted]';

/** How deep the fields of a log line are shown; deeper values become `[…]`. */
const depthMax = 8;

/** How many members of one list or object are shown; `…` counts the others. */
const membersMax = 100;

/** How many characters of one text are shown. */
const textCharactersMax = 8_192;

/** The longest secret that is known by its shape. */
const secretCharactersMax = 1_024;

/** Names of members whose values are secrets, compared without case, `-` and `_`. */
const secretNames: ReadonlySet<string> = new Set([
  'accesskey',
  'accesstoken',
  'apikey',
  'auth',
  'authorization',
  'bearertoken',
  'clientcertificatedata',
  'clientkeydata',
  'clientsecret',
  'cookie',
  'credential',
  'credentials',
  'dockerconfigjson',
  'idtoken',
  'passphrase',
  'passwd',
  'password',
  'privatekey',
  'privatetoken',
  'proxyauthorization',
  'refreshtoken',
  'secret',
  'secretkey',
  'setcookie',
  'sshprivatekey',
  'token',
  'webhooksecret',
  'xgitlabtoken',
  'xhubsignature',
  'xhubsignature256',
]);

/** Secrets inside of texts: credentials of HTTP headers, the user part of URLs, tokens and keys known by their shape. */
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w.~+/-]{8,}=*/giu, `$1 ${redacted}`],
  [/\b([a-z][a-z0-9+.-]{1,30}:\/\/)[^\s/@:]{0,256}(?::[^\s/@]{0,512})?@/giu, `$1${redacted}@`],
  [/\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,})/gu, redacted],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/gu, redacted],
];

/**
 * A copy of `value` that may be logged: secrets replaced, errors as plain data, everything bounded.
 *
 * Secrets are members with well-known names, the data of Kubernetes Secrets, and texts of well-known shapes. What it
 * cannot know is a secret under a plain name: callers log names of things, not their contents.
 */
export function redact(value: unknown): unknown {
  return redactValue(value, 0, new Set());
}

/** `text` without secrets of well-known shapes, cut to 8,192 characters. */
export function redactText(text: string): string {
  // Looks a little beyond what is shown: a secret that the cut would halve would no longer be known by its shape.
  const seen = text.length > textCharactersMax ? text.slice(0, textCharactersMax + secretCharactersMax) : text;
  const shown = secretTexts.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), seen);
  return shown.length > textCharactersMax ? `${shown.slice(0, textCharactersMax)}…` : shown;
}

function redactValue(value: unknown, depth: number, above: Set<unknown>): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= depthMax) return '[…]';
  if (above.has(value)) return '[circular]';
  above.add(value);
  const shown = redactMembers(value, depth + 1, above);
  above.delete(value);
  return shown;
}

function redactMembers(value: object, depth: number, above: Set<unknown>): unknown {
  if (value instanceof Error) return redactError(value, depth, above);
  if (Array.isArray(value)) {
    const shown = value.slice(0, membersMax).map((item) => redactValue(item, depth, above));
    return value.length > membersMax ? [...shown, `… ${value.length - membersMax} more`] : shown;
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return redactObject(value, depth, above);
}

function redactObject(value: object, depth: number, above: Set<unknown>): Record<string, unknown> {
  const isSecret = isJsonObject(value) && value['kind'] === 'Secret';
  const shown: Record<string, unknown> = {};
  const members = Object.entries(value);
  for (const [name, member] of members.slice(0, membersMax)) {
    const hidden = isSecretName(name) ? isWorthHiding(member) : isSecret && (name === 'data' || name === 'stringData');
    shown[name] = hidden ? redacted : redactValue(member, depth, above);
  }
  if (members.length > membersMax) shown['…'] = `${members.length - membersMax} more`;
  return shown;
}

function redactError(error: Error, depth: number, above: Set<unknown>): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name,
    message: redactText(message),
    ...(code === undefined ? {} : { code: redactValue(code, depth, above) }),
    ...(stack === undefined ? {} : { stack: redactText(stack) }),
    ...(cause === undefined ? {} : { cause: redactValue(cause, depth, above) }),
  };
}

function isSecretName(name: string): boolean {
  return secretNames.has(name.toLowerCase().replaceAll(/[-_.]/gu, ''));
}

/** Truth values and absence say whether there is a secret, and nothing about it. */
function isWorthHiding(member: unknown): boolean {
  return member !== undefined && member !== null && typeof member !== 'boolean';
}
