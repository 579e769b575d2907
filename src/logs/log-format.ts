/**
 * How a log is stored: segments `000000.log`, `000001.log`, … of whole lines, and at the end `log.json`, which says that
 * nothing follows. A stored line is `TIMESTAMP KIND TEXT\n`.
 */
import { isJsonList, isJsonObject, type Json } from '../base/json.ts';
import type { Pod } from '../kube/pod.ts';

/** `F`: a line of output. `P`: the last one, which has no line end. `N`: a notice of ours about the log. */
export type LineKind = 'F' | 'P' | 'N';

/** A line of a log. */
export interface LogLine {
  /** RFC 3339 with up to nine digits of a second. */
  readonly timestamp: string;
  readonly kind: LineKind;
  readonly text: Uint8Array;
}

/** Whose log it is. */
export interface LogIdentity {
  readonly namespace: string;
  readonly taskRun: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
}

/** One stored segment. */
export interface SegmentInfo {
  readonly bytes: number;
  /** Of its bytes, in hexadecimal. */
  readonly sha256: string;
}

/** The end of a log: what `log.json` holds. */
export interface LogManifest extends LogIdentity {
  readonly version: 1;
  readonly segments: readonly SegmentInfo[];
  readonly lines: number;
  /** Whether nothing is missing: no gap, and no cut by the limit. */
  readonly whole: boolean;
  /** When it was stored, RFC 3339. */
  readonly storedAt: string;
}

/** Containers of steps are called so. */
export const stepPrefix = 'step-';
/** The TaskRun that a pod belongs to. */
export const taskRunLabel = 'tekton.dev/taskRun';

const newline = 10;
const space = 32;
const segmentDigits = 6;
const encoder = new TextEncoder();

/** Whose log container `container` of `pod` writes. */
export function identityOf(pod: Pod, container: string): LogIdentity {
  const { namespace = '', name = '', uid = '', labels = {} } = pod.metadata;
  return { namespace, taskRun: labels[taskRunLabel] ?? name, pod: name, podUid: uid, container };
}

/** The folder of everything that is stored of a TaskRun (of this name). */
export function taskRunFolder(namespace: string, taskRun: string): string {
  return `${namespace}/${taskRun}`;
}

/** The folder of one log: the same for the same container of the same pod. */
export function logFolder({ namespace, taskRun, pod, podUid, container }: LogIdentity): string {
  return `${taskRunFolder(namespace, taskRun)}/${pod}.${podUid}/${container}`;
}

export function segmentKey(folder: string, index: number): string {
  return `${folder}/${String(index).padStart(segmentDigits, '0')}.log`;
}

export function manifestKey(folder: string): string {
  return `${folder}/log.json`;
}

/** The bytes of a stored line. */
export function encodeLine({ timestamp, kind, text }: LogLine): Uint8Array {
  const head = encoder.encode(`${timestamp} ${kind} `);
  const bytes = new Uint8Array(head.length + text.length + 1);
  bytes.set(head);
  bytes.set(text, head.length);
  bytes[bytes.length - 1] = newline;
  return bytes;
}

/** The lines of a segment. */
export function* decodeLines(segment: Uint8Array): Generator<LogLine> {
  let start = 0;
  for (let end = segment.indexOf(newline); end >= 0; end = segment.indexOf(newline, start)) {
    const first = segment.indexOf(space, start);
    const kind = String.fromCharCode(segment[first + 1] ?? 0) as LineKind;
    yield { timestamp: latin1(segment.subarray(start, first)), kind, text: segment.subarray(first + 3, end) };
    start = end + 1;
  }
}

/** The manifest in `bytes`; `undefined` when they hold none. */
export function decodeManifest(bytes: Uint8Array): LogManifest | undefined {
  let value: Json;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes)) as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || value['version'] !== 1 || !isJsonList(value['segments'])) return undefined;
  return value as unknown as LogManifest;
}

export function encodeManifest(manifest: LogManifest): Uint8Array {
  return encoder.encode(`${JSON.stringify(manifest)}\n`);
}

/** Bytes as text of one character each. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
