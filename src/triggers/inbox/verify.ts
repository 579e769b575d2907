/** Whether a webhook comes from somebody who knows a secret of ours. Nothing of its body is parsed here. */
import { sleep, type Clock } from '../../base/clock.ts';
import { concurrently } from '../../controller/concurrently.ts';
import { isSameRepository } from '../../forge/repository-url.ts';
import { secretThatEquals } from '../../forge/webhook-signature.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import type { WebhookFormat, WebhookRequest } from '../../forge/webhook-format.ts';
import type { SecretMemory } from './secret-memory.ts';
import type { SecretHolders } from './webhook-secrets.ts';

/** So many bytes are hashed before others get their turn: a forged 25 MB body must not stop the process. */
export const hashedBytesATurn: number = 8 * 1024 * 1024;
/** So many secrets are read at a time. */
const readsAtATime = 16;

/** What came of it. */
export type Verification =
  | { readonly outcome: 'verified'; readonly secret: string }
  | { readonly outcome: 'forged' }
  /** No secret that could be read matches, and some could not be read. */
  | { readonly outcome: 'unknown'; readonly error: unknown };

/** What {@link verifyWebhook} works with. */
export interface VerifyParts {
  readonly format: WebhookFormat;
  readonly memory: SecretMemory;
  readonly clock: Clock;
}

/** Tries the secrets that are remembered; only when none matches, all as they are now. */
export async function verifyWebhook(
  request: WebhookRequest,
  candidates: readonly SecretHolders[],
  parts: VerifyParts,
): Promise<Verification> {
  const known = new Set(candidates.map(({ place }) => parts.memory.remembered(place)).filter(isText));
  const found = await findSecret(request, [...known], parts);
  if (found !== undefined) return { outcome: 'verified', secret: found };
  const { values, error } = await readAll(candidates, parts.memory);
  const fresh = await findSecret(
    request,
    [...values].filter((value) => !known.has(value)),
    parts,
  );
  if (fresh !== undefined) return { outcome: 'verified', secret: fresh };
  return error === undefined ? { outcome: 'forged' } : { outcome: 'unknown', error };
}

/**
 * For whom `secret` speaks when it verified an event of the project at `projectUrl`: undefined = for the GitHub App, so for
 * every Repository; else for the Repository at that address, if the secret is its own; else for one whose secret it is, and
 * the event is none of its business. Rejects when the API cannot say.
 */
export async function verifiedBy(
  secret: string,
  projectUrl: string,
  candidates: readonly SecretHolders[],
  memory: SecretMemory,
): Promise<string | undefined> {
  const isIts = async ({ place }: SecretHolders): Promise<boolean> =>
    secretThatEquals(secret, [(await memory.current(place)) ?? '']) !== undefined;
  let owner: string | undefined;
  for (const candidate of candidates) {
    if (candidate.application) {
      if (await isIts(candidate)) return undefined;
      continue;
    }
    const meant = candidate.repositories.find(({ spec }) => isSameRepository(spec?.url ?? '', projectUrl));
    if (meant !== undefined && (await isIts(candidate))) return keyText(keyOf(meant));
    const [first] = candidate.repositories;
    if (first !== undefined && memory.remembered(candidate.place) === secret) owner ??= keyText(keyOf(first));
  }
  if (owner === undefined) throw new Error('the secret that verified a webhook is gone');
  return owner;
}

async function readAll(
  candidates: readonly SecretHolders[],
  memory: SecretMemory,
): Promise<{ readonly values: ReadonlySet<string>; readonly error: unknown }> {
  const values = new Set<string>();
  let error: unknown;
  const read = async ({ place }: SecretHolders): Promise<void> => {
    const value = await memory.current(place);
    if (value !== undefined) values.add(value);
  };
  await concurrently(candidates, readsAtATime, read).catch((thrown: unknown) => {
    error = thrown;
  });
  return { values, error };
}

function isText(value: string | undefined): value is string {
  return value !== undefined;
}

async function findSecret(
  request: WebhookRequest,
  secrets: readonly string[],
  { format, clock }: VerifyParts,
): Promise<string | undefined> {
  const atATime = Math.max(1, Math.floor(hashedBytesATurn / Math.max(1, request.body.length)));
  for (let start = 0; start < secrets.length; start += atATime) {
    if (start > 0) await sleep(clock, 0);
    const found = format.verify(request, secrets.slice(start, start + atATime));
    if (found !== undefined) return found;
  }
  return undefined;
}
