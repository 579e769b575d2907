import { isJsonList, isJsonObject } from '../../base/json.ts';
import { ForgeError } from '../forge.ts';
import { WebhookPayloadError } from '../webhook-format.ts';
import { PayloadReader } from '../webhook-payload.ts';

/**
 * Reads an object that a host answered. What the host's documentation promises and the answer does not hold becomes a
 * `ForgeError` `bad-answer` that names the place. `what` says in words what was asked: `git.example.org: merge request 7`.
 */
export function readAnswer<T>(what: string, answer: unknown, read: (reader: PayloadReader) => T): T {
  if (!isJsonObject(answer)) throw new ForgeError('bad-answer', `${what}: the answer is no object`);
  try {
    return read(new PayloadReader(answer));
  } catch (thrown) {
    if (!(thrown instanceof WebhookPayloadError)) throw thrown;
    throw new ForgeError('bad-answer', `${what}: ${thrown.message}`, { cause: thrown });
  }
}

/** As {@link readAnswer}, for a list of objects. */
export function readAnswers<T>(what: string, answer: unknown, read: (reader: PayloadReader) => T): readonly T[] {
  if (!isJsonList(answer)) throw new ForgeError('bad-answer', `${what}: the answer is no list`);
  return answer.map((item) => readAnswer(what, item, read));
}
