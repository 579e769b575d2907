import { closeSync, fstatSync, openSync, readSync, constants } from 'node:fs';
import type { Container } from '../../kube/pod.ts';

/** Most bytes of a termination message. A kubelet allows 4096; results of steps travel in it, so we allow more. */
export const terminationMessageBytesMax: number = 1024 * 1024;

/** Where a container may write its message, when it does not say. */
export const terminationMessagePathDefault = '/dev/termination-log';

/**
 * The message a container has left in `path` (a file on the host), cut at the limit; when it left none, failed, and its
 * policy says so, the end of its log.
 */
export function terminationMessage(
  container: Container,
  path: string,
  exitCode: number,
  logTail: () => string,
): string {
  const message = readLimited(path);
  if (message !== '' || exitCode === 0) return message;
  return container.terminationMessagePolicy === 'FallbackToLogsOnError' ? logTail() : '';
}

function readLimited(path: string): string {
  // The container may have put anything there: never follow a link, never wait for a pipe.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let file: number;
  try {
    file = openSync(path, flags);
  } catch {
    // No file, or a link in its place: no message.
    return '';
  }
  try {
    if (!fstatSync(file).isFile()) return '';
    const buffer = Buffer.alloc(Math.min(fstatSync(file).size, terminationMessageBytesMax));
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(file);
  }
}
