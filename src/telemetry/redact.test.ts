import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redact, redacted, redactText } from './redact.ts';

describe('redact', () => {
  it('replaces members with well-known names, however they are spelled and however deep', () => {
    const fields = {
      password: 'p',
      headers: {
        Authorization: 'x',
        'X-Gitlab-Token': 'x',
        'x-hub-signature-256': 'x',
        'Set-Cookie': ['x'],
        accept: 'text/plain',
      },
      users: [{ user: { 'client-key-data': 'x', access_token: 'x', name: 'ann' } }],
      token: undefined,
      apiKey: { nested: 'x' },
      privateKey: 42,
    };
    assert.deepEqual(redact(fields), {
      password: redacted,
      headers: {
        Authorization: redacted,
        'X-Gitlab-Token': redacted,
        'x-hub-signature-256': redacted,
        'Set-Cookie': redacted,
        accept: 'text/plain',
      },
      users: [{ user: { 'client-key-data': redacted, access_token: redacted, name: 'ann' } }],
      token: undefined,
      apiKey: redacted,
      privateKey: redacted,
    });
  });

  it('leaves names that only resemble them, and whether there is a secret', () => {
    const fields = { tokens: 3, secretName: 'deploy', passwordless: 'yes', token: true, secret: null };
    assert.deepEqual(redact(fields), fields);
  });

  it('replaces the data of Kubernetes Secrets, not of ConfigMaps', () => {
    const secret = { kind: 'Secret', metadata: { name: 's' }, data: { a: 'eA==' }, stringData: { b: 'x' } };
    assert.deepEqual(redact(secret), { kind: 'Secret', metadata: { name: 's' }, data: redacted, stringData: redacted });
    const map = { kind: 'ConfigMap', data: { a: 'x' } };
    assert.deepEqual(redact({ map }), { map });
  });

  it('finds secrets in texts', () => {
    const texts = {
      'Authorization: Bearer abc.DEF-123_456==': `Authorization: Bearer ${redacted}`,
      'cloning https://ann:hunter2@git.example/r.git failed': `cloning https://${redacted}@git.example/r.git failed`,
      'https://hunter2@git.example': `https://${redacted}@git.example`,
      'with ghp_0123456789abcdefghij0123': `with ${redacted}`,
      'with glpat-0123456789abcdefghij': `with ${redacted}`,
      '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- end': `${redacted} end`,
      'https://git.example/a@b and ann@example.org': 'https://git.example/a@b and ann@example.org',
    };
    for (const [text, expected] of Object.entries(texts)) assert.equal(redactText(text), expected);
  });

  it('shows errors as data, with their causes', () => {
    const cause = Object.assign(new Error('refused https://a:b@host'), { code: 'ECONNREFUSED' });
    const shown = redact({ error: new TypeError('no answer', { cause }) }) as { error: Record<string, unknown> };
    assert.equal(shown.error['name'], 'TypeError');
    assert.equal(shown.error['message'], 'no answer');
    assert.match(String(shown.error['stack']), /redact\.test\.ts/);
    const shownCause = shown.error['cause'] as Record<string, unknown>;
    assert.equal(shownCause['message'], `refused https://${redacted}@host`);
    assert.equal(shownCause['code'], 'ECONNREFUSED');
  });

  it('bounds depth, members and text, also around secrets, and survives cycles', () => {
    const cycle: Record<string, unknown> = { name: 'cycle' };
    cycle['self'] = cycle;
    assert.deepEqual(redact(cycle), { name: 'cycle', self: '[circular]' });
    let deep: unknown = 'bottom';
    for (let level = 0; level < 20; level++) deep = { deep };
    assert.match(JSON.stringify(redact(deep)), /^(\{"deep":){8}"\[…\]"\}+$/);
    assert.deepEqual((redact(Array.from({ length: 150 }, () => 0)) as unknown[]).at(-1), '… 50 more');
    assert.equal(redactText('x'.repeat(10_000)).length, 8_193);
    const halved = `${'x'.repeat(8_180)} ghp_0123456789abcdefghij0123`;
    assert.doesNotMatch(redactText(halved), /ghp_/);
    assert.deepEqual(redact({ bytes: new Uint8Array(3), big: 10n }), { bytes: '[3 bytes]', big: '10' });
  });
});
