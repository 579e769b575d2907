import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { gitWebhooks, pushedRefsMax } from './webhook-format.ts';

const zeros = '0'.repeat(40);
const first = 'a'.repeat(40);
const second = 'b'.repeat(40);

function push(refs: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  const repository = { url: 'file:///srv/git/app.git' };
  return { repository, pusher: 'alice', receivedAt: '2026-11-21T10:00:00.123Z', refs, ...more };
}

function events(payload: JsonObject): readonly unknown[] {
  const said = gitWebhooks.normalise({}, payload);
  assert.ok(said.ok);
  return said.events;
}

describe('webhooks of plain Git', () => {
  it('say what was pushed, made and deleted, ref by ref', () => {
    const common = {
      forge: 'git',
      eventType: 'push',
      occurrence: '2026-11-21T10:00:00.123Z',
      project: { url: 'file:///srv/git/app', owner: 'srv/git', name: 'app' },
      actor: { login: 'alice' },
    };
    assert.deepEqual(
      events(
        push([
          { ref: 'refs/heads/main', before: first, after: second },
          { ref: 'refs/tags/v1', before: zeros, after: second },
          { ref: 'refs/heads/old', before: first, after: zeros },
          { ref: 'refs/notes/penstock', before: zeros, after: second },
        ]),
      ),
      [
        { ...common, trigger: 'push', push: { ref: 'refs/heads/main', before: first }, revision: { sha: second } },
        { ...common, trigger: 'push', push: { ref: 'refs/tags/v1' }, revision: { sha: second } },
        { ...common, trigger: 'ref_deleted', push: { ref: 'refs/heads/old', before: first } },
      ],
    );
  });

  it('are ignored when nothing was pushed that anybody runs', () => {
    for (const refs of [[], [{ ref: 'refs/notes/x', before: zeros, after: first }]]) {
      assert.deepEqual(gitWebhooks.normalise({}, push(refs)), {
        ok: false,
        ignored: 'no branch or tag was pushed',
      });
    }
  });

  it('are refused with the field that is wrong', () => {
    const wrong: readonly (readonly [JsonObject, string])[] = [
      [{}, 'repository'],
      [push([], { repository: { url: 'app' } }), 'repository.url'],
      [push([], { pusher: 7 }), 'pusher'],
      [push([], { receivedAt: 'yesterday' }), 'receivedAt'],
      [push([], { refs: 'all' }), 'refs'],
      [push([{ ref: 'main', before: first, after: second }]), 'refs[0].ref'],
      [push([{ ref: 'refs/heads/main', before: 'abc', after: second }]), 'refs[0].before'],
      [push(Array.from({ length: pushedRefsMax + 1 }, () => ({ ref: 'refs/heads/a' }))), 'refs'],
    ];
    for (const [payload, field] of wrong) {
      assert.throws(() => gitWebhooks.normalise({}, payload), { code: 'WEBHOOK_PAYLOAD', field }, field);
    }
  });

  it('are verified by the signature of the body as it came', () => {
    const body = Buffer.from(JSON.stringify(push([])));
    const signature = createHmac('sha256', 'key').update(body).digest('hex');
    const headers = { 'x-penstock-signature': signature };
    assert.equal(gitWebhooks.recognises(headers), true);
    assert.equal(gitWebhooks.verify({ headers, body }, ['other', 'key']), 'key');
    assert.equal(gitWebhooks.verify({ headers, body: Buffer.from(`${body.toString()} `) }, ['key']), undefined);
    assert.equal(gitWebhooks.verify({ headers: {}, body }, ['key', '']), undefined);
  });
});
