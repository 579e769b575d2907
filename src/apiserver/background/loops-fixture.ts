/** For tests: waiting for what the server's own loops will have done. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../base/json.ts';
import type { TestApi } from '../api-fixture.ts';

/** Rounds a condition has to come true in; each is 20 ms of virtual time. */
const roundsMax = 500;

/** Lets virtual time pass until `condition` holds; fails when it never does. */
export async function eventually(
  api: TestApi,
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let round = 0; round < roundsMax; round++) {
    if (await condition()) return;
    await api.clock.advance(20);
  }
  assert.fail(`it never happened: ${what}`);
}

/** Lets the loops do all they will do in the next seconds. */
export async function settle(api: TestApi): Promise<void> {
  for (let round = 0; round < 20; round++) await api.clock.advance(50);
}

/** Whether there is an object at `path`. */
export async function exists(api: TestApi, path: string): Promise<boolean> {
  const response = await api.call('GET', path);
  assert.ok(response.status === 200 || response.status === 404, `${path}: ${response.status}`);
  return response.status === 200;
}

/** The names in a collection, in order. */
export async function namesIn(api: TestApi, path: string): Promise<readonly string[]> {
  const list = await api.json('GET', path);
  return (list['items'] as readonly { readonly metadata: { readonly name: string } }[]).map(
    ({ metadata }) => metadata.name,
  );
}

/** An owner reference to `owner`. */
export function ownedBy(owner: JsonObject, more: JsonObject = {}): JsonObject {
  const { name = '', uid = '' } = owner['metadata'] as JsonObject;
  return { apiVersion: owner['apiVersion'] ?? '', kind: owner['kind'] ?? '', name, uid, ...more };
}
