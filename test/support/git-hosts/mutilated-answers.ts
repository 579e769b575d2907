import fc from 'fast-check';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { FetchLike } from '../../../src/net/outgoing-fetch.ts';
import { mutatedJson } from '../mutated-json.ts';

/** A `fetch` whose JSON answers have lost or changed something, each in another way; `seed` replays one history. */
export function mutilatingFetch(fetch: FetchLike, seed: number): FetchLike {
  let answers = 0;
  return async (input, init) => {
    const response = await fetch(input, init);
    if (!response.ok || response.headers.get('content-type')?.startsWith('application/json') !== true) return response;
    const whole = (await response.json()) as Json;
    const wrapped: JsonObject = { whole };
    const [changed = wrapped] = fc.sample(mutatedJson(wrapped), { seed: seed * 1000 + answers++, numRuns: 1 });
    return Response.json(changed['whole'] ?? null, { status: response.status, headers: response.headers });
  };
}
