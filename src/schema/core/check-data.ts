/** What no schema says about ConfigMaps and Secrets: which keys they may have, how much they hold, what a type demands. */
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { invalidCause, requiredCause, tooLongCause } from '../causes.ts';

/** Most bytes that the values of a ConfigMap or a Secret have together, as in Kubernetes. */
export const dataBytesMax: number = 1024 * 1024;

const keyCharactersMax = 253;
const keyPattern = /^[-._a-zA-Z0-9]+$/;

/** What is wrong with a ConfigMap that the schema lets pass. */
export function checkConfigMap(configMap: UnknownObject): readonly StatusCause[] {
  const [data, binaryData] = [membersOf(configMap['data']), membersOf(configMap['binaryData'])];
  const both = Object.keys(data).filter((key) => Object.hasOwn(binaryData, key));
  const bytes = bytesIn(data, textBytes) + bytesIn(binaryData, base64Bytes);
  return [
    ...keyCauses('data', data),
    ...keyCauses('binaryData', binaryData),
    ...both.map((key) => invalidCause(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    ...(bytes > dataBytesMax ? [tooLongCause('data', dataBytesMax)] : []),
  ];
}

/** What is wrong with a Secret that the schema lets pass, its `stringData` being in `data`. */
export function checkSecret(secret: UnknownObject): readonly StatusCause[] {
  const data = membersOf(secret['data']);
  return [
    ...keyCauses('data', data),
    ...(bytesIn(data, base64Bytes) > dataBytesMax ? [tooLongCause('data', dataBytesMax)] : []),
    ...typeCauses(secret, data),
  ];
}

function keyCauses(member: string, data: JsonObject): readonly StatusCause[] {
  return Object.keys(data).flatMap((key) => {
    const problem = keyProblem(key);
    return problem === undefined ? [] : [invalidCause(`${member}[${key}]`, key, problem)];
  });
}

/** Keys become names of files. */
function keyProblem(key: string): string | undefined {
  if (key.length > keyCharactersMax) return `must be no more than ${keyCharactersMax} characters`;
  if (!keyPattern.test(key)) return "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
  if (key === '.') return "must not be '.'";
  if (key === '..') return "must not be '..'";
  return key.startsWith('..') ? "must not start with '..'" : undefined;
}

/** Keys that a Secret of a type must have. */
const demandedKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** Keys one of which a Secret of the type must have. */
const basicAuthKeys = ['username', 'password'];
const accountAnnotation = 'kubernetes.io/service-account.name';

function typeCauses({ metadata, ...secret }: UnknownObject, data: JsonObject): readonly StatusCause[] {
  const type = String(secret['type'] ?? '');
  const missing = (keys: readonly string[]): readonly string[] => keys.filter((key) => !Object.hasOwn(data, key));
  const required = (keys: readonly string[]): readonly StatusCause[] =>
    keys.map((key) => requiredCause(`data[${key}]`));
  if (type === 'kubernetes.io/service-account-token') {
    const isNamed = Boolean(metadata.annotations?.[accountAnnotation]);
    return isNamed ? [] : [requiredCause(`metadata.annotations[${accountAnnotation}]`)];
  }
  if (type === 'kubernetes.io/basic-auth') {
    const lacking = missing(basicAuthKeys);
    return lacking.length === basicAuthKeys.length ? required(lacking) : [];
  }
  return required(missing(Object.hasOwn(demandedKeys, type) ? (demandedKeys[type] ?? []) : []));
}

function membersOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function bytesIn(data: JsonObject, sizeOf: (text: string) => number): number {
  return Object.values(data).reduce<number>((sum, value) => sum + sizeOf(String(value ?? '')), 0);
}

const encoder = new TextEncoder();

function textBytes(text: string): number {
  return encoder.encode(text).length;
}

function base64Bytes(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}
