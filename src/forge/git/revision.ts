import type { Revision } from '../git-event.ts';
import type { GitObject } from './objects.ts';

/** What a commit object says of itself. Only its headers and message are used; what is not readable is left out. */
export function revisionOf(commit: GitObject): Revision {
  const end = commit.bytes.indexOf('\n\n');
  const headers = commit.bytes.subarray(0, end < 0 ? undefined : end).toString('latin1');
  const decode = decoderOf(headers);
  const message = end < 0 ? '' : decode(commit.bytes.subarray(end + 2)).trimEnd();
  const author = /^author (.*)$/m.exec(decode(Buffer.from(headers, 'latin1')))?.[1];
  return { sha: commit.id, title: message.split('\n', 1)[0]?.trim() ?? '', message, ...signatureOf(author) };
}

function signatureOf(author: string | undefined): Pick<Revision, 'author' | 'date'> {
  const [, name, seconds] = /^(.*?) ?<[^>]*> (\d{1,12}) [+-]\d{4}$/.exec(author ?? '') ?? [];
  const date = new Date(Number(seconds) * 1000);
  return {
    ...(name ? { author: name } : {}),
    ...(seconds !== undefined && !Number.isNaN(date.getTime()) ? { date: `${date.toISOString().slice(0, 19)}Z` } : {}),
  };
}

/** Commits are UTF-8 unless they say otherwise; a name of an encoding that nobody knows changes nothing. */
function decoderOf(headers: string): (bytes: Uint8Array) => string {
  const label = /^encoding (\S+)$/m.exec(headers)?.[1] ?? 'utf-8';
  try {
    const decoder = new TextDecoder(label);
    return (bytes) => decoder.decode(bytes);
  } catch {
    const decoder = new TextDecoder();
    return (bytes) => decoder.decode(bytes);
  }
}
