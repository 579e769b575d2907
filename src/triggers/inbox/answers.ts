/** What hosts and callers are told. No answer says more to a stranger than that a secret did not match. */
import type { HookAnswer } from '../../forge/hook-receiver.ts';

/** When who could not be served is to come again, in seconds. */
export const retryAfterSeconds = 10;

/** It is stored, and will lead to its runs or to a stored reason why not. */
export function accepted(delivery: string): HookAnswer {
  return { status: 202, body: { status: 202, message: 'accepted', delivery } };
}

/** It was stored before. */
export function duplicate(delivery: string): HookAnswer {
  return { status: 200, body: { status: 200, message: `skipped: delivered before, as ${delivery}`, delivery } };
}

/** It is well formed and nothing that is acted upon. */
export function ignored(reason: string): HookAnswer {
  return { status: 200, body: { status: 200, message: `skipped: ${reason}` } };
}

/** No secret of ours matches. */
export const forged: HookAnswer = answer(
  401,
  'no configured secret matches: check the secret of the webhook, and the Secret that git_provider.webhook_secret names',
);

/** Whatever is wrong with what came. */
export function refused(status: 400 | 403 | 404 | 409 | 413, message: string, field?: string): HookAnswer {
  return { status, body: { status, message, ...(field === undefined ? {} : { field }) } };
}

/** It may or may not be stored; sending it again settles that. */
export const unavailable: HookAnswer = {
  ...answer(503, 'cannot be stored at the moment: send it again'),
  headers: { 'retry-after': String(retryAfterSeconds) },
};

/** A fault of ours, which is in the log. */
export const failed: HookAnswer = answer(500, 'internal error');

function answer(status: number, message: string): HookAnswer {
  return { status, body: { status, message } };
}
