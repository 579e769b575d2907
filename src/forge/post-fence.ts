/** Keeps a process from changing anything at a Git host when it may no longer be the one that should. */
import type { FetchLike } from '../net/outgoing-fetch.ts';
import { type Forge, ForgeError } from './forge.ts';

/** Whether a Git host may be told anything now. A `WriteFence` of a term of leadership is one. */
export interface PostFence {
  isOpen(): boolean;
  /** Aborts when the fence closes for good. */
  readonly signal: AbortSignal;
}

const readMethods: readonly string[] = ['GET', 'HEAD'];

/**
 * `send`, but only reads are sent while `fence` is closed: the rest rejects with a {@link ForgeError} of the problem
 * `unavailable`, and the host has seen nothing of it. The question is asked in the same turn in which `send` gets the request,
 * so it has to be the last before the connection: after every wait for a budget. When the fence closes for good, what has no
 * answer yet is aborted.
 */
export function fencedFetch(send: FetchLike, fence: PostFence): FetchLike {
  return async (input, init) => {
    const { method, signal } = requestLine(input, init);
    if (readMethods.includes(method)) return send(input, init);
    if (!fence.isOpen()) throw notSent(method);
    return send(input, { ...init, signal: signal ? AbortSignal.any([signal, fence.signal]) : fence.signal });
  };
}

/** The same for a forge that changes something without HTTP: git notes. */
export function fencedForge(forge: Forge, fence: PostFence): Forge {
  const fenced: Pick<Forge, 'postStatus' | 'putComment'> = {
    postStatus: async (report, handle) => {
      if (!fence.isOpen()) throw notSent('a status');
      return forge.postStatus(report, handle);
    },
    putComment: async (comment) => {
      if (!fence.isOpen()) throw notSent('a comment');
      return forge.putComment(comment);
    },
  };
  return new Proxy(forge, {
    get(target, key) {
      if (key === 'postStatus' || key === 'putComment') return fenced[key];
      const member: unknown = Reflect.get(target, key);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

function requestLine(
  input: string | URL | Request,
  init: RequestInit = {},
): { readonly method: string; readonly signal: AbortSignal | undefined } {
  const request = input instanceof Request ? input : undefined;
  const { method = request?.method ?? 'GET', signal = request?.signal } = init;
  return { method: method.toUpperCase(), signal: signal ?? undefined };
}

function notSent(what: string): ForgeError {
  return new ForgeError('unavailable', `${what} was not sent to the host: this process may not be the leader any more`);
}
