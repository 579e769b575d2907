import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError } from '../../net/connection-error.ts';
import { ForgeError } from '../forge.ts';
import { errorOfAnswer, errorOfThrown, saidWaitMs } from './forge-problems.ts';

const nowMs = Date.parse('2026-11-21T10:00:00Z');
const name = { host: 'git.example', call: 'POST /statuses', secrets: ['s3cret-token'] };

function answer(status: number, text = '', headers: Readonly<Record<string, string>> = {}) {
  return { status, text, header: (key: string): string | undefined => headers[key] };
}

describe('errorOfAnswer', () => {
  it('tells what can be done about every status', () => {
    const cases: readonly (readonly [number, string])[] = [
      [304, 'bad-answer'],
      [400, 'refused'],
      [401, 'unauthorized'],
      [403, 'forbidden'],
      [404, 'refused'],
      [408, 'unavailable'],
      [409, 'refused'],
      [422, 'refused'],
      [429, 'rate-limited'],
      [500, 'unavailable'],
      [501, 'refused'],
      [503, 'unavailable'],
    ];
    for (const [status, problem] of cases) {
      const error = errorOfAnswer(name, answer(status), nowMs);
      assert.deepEqual([error.problem, error.status], [problem, status]);
    }
  });

  it('shows the host’s words, bounded, without secrets', () => {
    const error = errorOfAnswer(
      name,
      answer(422, `bad s3cret-token and ghp_${'a'.repeat(36)}\n${'x'.repeat(2000)}`),
      nowMs,
    );
    assert.match(error.message, /^git\.example: POST \/statuses: HTTP status 422: bad \*\*\* and \[redacted\] x+…$/);
    assert.ok(error.message.length < 700);
  });
});

describe('how long to wait', () => {
  const wait = (headers: Readonly<Record<string, string>>): number | undefined =>
    saidWaitMs(answer(429, '', headers), nowMs);

  it('is a span, a date, or the instant at which a limit is reset', () => {
    assert.equal(wait({ 'retry-after': '7' }), 7000);
    assert.equal(wait({ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' }), 30_000);
    assert.equal(wait({ 'retry-after': 'Sat, 21 Nov 2026 09:00:00 GMT' }), 0);
    assert.equal(wait({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(nowMs / 1000 + 5) }), 6000);
    assert.equal(wait({ 'ratelimit-remaining': '0', 'ratelimit-reset': '5' }), 6000);
  });

  it('is never said by an ordinary answer, nor more than a day', () => {
    assert.equal(wait({ 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': '9999999999' }), undefined);
    assert.equal(wait({ 'retry-after': 'soon' }), undefined);
    assert.equal(wait({ 'retry-after': '999999999' }), 24 * 3_600_000);
  });

  it('is a minute when a refusal does not say', () => {
    assert.equal(errorOfAnswer(name, answer(429), nowMs).retryAfterMs, 60_000);
  });
});

describe('errorOfThrown', () => {
  it('keeps what is known already, however wrapped', () => {
    const known = new ForgeError('rate-limited', 'wait', { retryAfterMs: 5 });
    assert.equal(errorOfThrown(name, new Error('wrapped', { cause: new Error('again', { cause: known }) })), known);
  });

  it('takes what broke on the way for passing, and what we refuse for lasting', () => {
    const of = (code: ConnectionError['code']): boolean => errorOfThrown(name, new ConnectionError(code, 'x')).passing;
    assert.deepEqual([of('NET_CONNECTION'), of('NET_TIMEOUT'), of('NET_BAD_ANSWER')], [true, true, true]);
    assert.deepEqual([of('NET_TOO_LARGE'), of('NET_ADDRESS_REFUSED'), of('NET_REDIRECT')], [false, false, false]);
  });
});
