import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { HookAnswer } from '../../forge/hook-receiver.ts';
import type { IncomingHook } from '../../forge/kinds/repository.ts';
import { incomingBytesMax, paramCharactersMax } from './incoming.ts';
import { InboxRig, systemNamespace } from './inbox-rig.ts';

const call = { repository: 'app', branch: 'main', pipelinerun: 'deploy', secret: 'open-sesame' };

async function rigWith(hooks?: readonly IncomingHook[]): Promise<InboxRig> {
  const rig = await InboxRig.create();
  await rig.secret('caller', { secret: 'open-sesame', other: 'of-release' });
  const usual: IncomingHook = {
    type: 'webhook-url',
    secret: { name: 'caller' },
    targets: ['main'],
    params: ['tag'],
  };
  rig.repository('app', { url: 'https://github.com/team/app', incoming: hooks ?? [usual] });
  return rig;
}

function post(rig: InboxRig, body: object, headers: Readonly<Record<string, string>> = {}): Promise<HookAnswer> {
  return rig.post('/incoming', JSON.stringify(body), headers);
}

describe('POST /incoming', () => {
  it('stores what is asked for, without the secret', async () => {
    const rig = await rigWith();
    const answer = await post(rig, { ...call, branch: 'refs/heads/main', params: { tag: 'v1' } });
    assert.equal(answer.status, 202);
    const [delivery] = await rig.deliveries();
    assert.equal(answer.body['delivery'], delivery?.metadata.name);
    assert.match(delivery?.metadata.name ?? '', /^incoming-[0-9a-f]{24}$/);
    const { events, verifiedBy, payload, forge } = delivery?.spec ?? assert.fail();
    assert.equal(forge, 'github');
    assert.equal(verifiedBy, 'ci/app');
    assert.deepEqual(
      { ...events[0], occurrence: '' },
      {
        trigger: 'incoming',
        forge: 'github',
        eventType: 'incoming',
        occurrence: '',
        project: { url: 'https://github.com/team/app', owner: 'team', name: 'app' },
        actor: { login: 'incoming' },
        incoming: { repository: 'app', namespace: 'ci', branch: 'main', pipelineRun: 'deploy', params: { tag: 'v1' } },
      },
    );
    const body = gunzipSync(Buffer.from(payload?.data ?? '', 'base64')).toString();
    assert.ok(body.includes('deploy') && !JSON.stringify(delivery).includes('sesame') && !body.includes('sesame'));
  });

  it('takes the secret from a header too', async () => {
    const rig = await rigWith();
    const { secret, ...rest } = call;
    assert.equal((await post(rig, rest, { authorization: `Bearer ${secret}` })).status, 202);
    assert.equal((await post(rig, rest, { 'x-penstock-secret': secret })).status, 202);
    assert.equal((await post(rig, rest, { 'x-penstock-secret': 'wrong' })).status, 401);
    assert.equal((await post(rig, call, { 'x-penstock-secret': 'wrong' })).status, 401, 'the header counts');
  });

  it('gives strangers one answer, whatever they name', async () => {
    const rig = await rigWith();
    const strange = [
      await post(rig, { ...call, secret: 'guess' }),
      await post(rig, { ...call, repository: 'unknown' }),
      await post(rig, { ...call, namespace: 'other' }),
      await post(rig, { ...call, secret: 'guess', branch: 'elsewhere' }),
      await post(rig, { ...call, secret: 'guess', params: { unknown: 'x' } }),
    ];
    for (const answer of strange) assert.deepEqual(answer, strange[0]);
    assert.equal(strange[0]?.status, 401);
    assert.equal((await rig.deliveries()).length, 0);
  });

  it('keeps to the branches and params of the hook', async () => {
    const rig = await rigWith();
    assert.equal((await post(rig, { ...call, branch: 'release-1' })).status, 403);
    const unwanted = await post(rig, { ...call, params: { tag: 'v1', revision: 'x' } });
    assert.equal(unwanted.status, 400);
    assert.equal(unwanted.body['field'], 'params.revision');
    const closed = await rigWith([{ type: 'webhook-url', secret: { name: 'caller' } }]);
    assert.equal((await post(closed, call)).status, 403, 'a hook without targets is for no branch');
  });

  it('lets the first hook for the branch decide', async () => {
    const rig = await rigWith([
      { type: 'webhook-url', secret: { name: 'caller', key: 'other' }, targets: ['release-*'] },
      { type: 'webhook-url', secret: { name: 'caller' }, targets: ['*'] },
    ]);
    assert.equal((await post(rig, { ...call, branch: 'release-1', secret: 'of-release' })).status, 202);
    assert.equal((await post(rig, { ...call, branch: 'release-1' })).status, 403);
    assert.equal((await post(rig, call)).status, 202);
  });

  it('wants the namespace where the name is not enough, and says so only to who knows a secret', async () => {
    const rig = await rigWith();
    await rig.secret('caller', { secret: 'open-sesame' }, 'other');
    const incoming = [{ type: 'webhook-url', secret: { name: 'caller' }, targets: ['*'] }] as const;
    rig.repository('app', { url: 'https://github.com/other/app', incoming }, 'other');
    const answer = await post(rig, call);
    assert.equal(answer.status, 400);
    assert.equal(answer.body['field'], 'namespace');
    assert.equal((await post(rig, { ...call, secret: 'guess' })).status, 401);
    assert.equal((await post(rig, { ...call, namespace: 'other' })).status, 202);
    assert.equal((await rig.deliveries())[0]?.spec.verifiedBy, 'other/app');
  });

  it('takes hooks of the global Repository, with its secret', async () => {
    const rig = await InboxRig.create();
    await rig.secret('caller', { secret: 'for-all' }, systemNamespace);
    const incoming = [{ type: 'webhook-url', secret: { name: 'caller' }, targets: ['main'] }] as const;
    rig.repository('pipelines-as-code', { incoming }, systemNamespace);
    rig.repository('app', { url: 'https://github.com/team/app' });
    assert.equal((await post(rig, { ...call, secret: 'for-all' })).status, 202);
    const nowhere = await post(rig, { ...call, repository: 'pipelines-as-code', secret: 'for-all' });
    assert.equal(nowhere.status, 409, 'it stands for no repository');
  });

  it('is a new call each time, or once for each Idempotency-Key', async () => {
    const rig = await rigWith();
    await post(rig, call);
    await post(rig, call);
    assert.equal((await rig.deliveries()).length, 2);
    const key = { 'idempotency-key': 'release-42' };
    const first = await post(rig, call, key);
    const again = await post(rig, call, key);
    assert.deepEqual([first.status, again.status], [202, 200]);
    assert.equal(again.body['delivery'], first.body['delivery']);
    assert.equal((await post(rig, { ...call, pipelinerun: 'other' }, key)).status, 409);
    assert.equal((await rig.deliveries()).length, 3);
    assert.equal((await post(rig, call, { 'idempotency-key': 'x'.repeat(256) })).status, 400);
  });

  it('reads nothing from the address', async () => {
    const rig = await rigWith();
    const body = Buffer.from(JSON.stringify(call));
    const answer = await rig.inbox.receive({ path: '/incoming', headers: {}, body, hasQuery: true });
    assert.equal(answer.status, 400);
    assert.match(String(answer.body['message']), /JSON body/);
  });

  it('refuses what is malformed, by field', async () => {
    const rig = await rigWith();
    const { repository: _repository, ...nameless } = call;
    const wrong: readonly (readonly [object | string, number, string | undefined])[] = [
      ['{"repository":', 400, 'body'],
      [nameless, 400, 'repository'],
      [{ ...call, branch: '' }, 400, 'branch'],
      [{ ...call, pipelinerun: 3 }, 400, 'pipelinerun'],
      [{ ...call, params: ['a'] }, 400, 'params'],
      [{ ...call, params: { tag: 1 } }, 400, 'params.tag'],
      [{ ...call, params: { tag: 'x'.repeat(paramCharactersMax + 1) } }, 400, 'params.tag'],
      [{ ...call, more: 'x'.repeat(incomingBytesMax) }, 413, undefined],
    ];
    for (const [body, status, field] of wrong) {
      const answer = await rig.post('/hooks/incoming', typeof body === 'string' ? body : JSON.stringify(body));
      assert.equal(answer.status, status);
      assert.equal(answer.body['field'], field);
    }
    assert.equal((await rig.deliveries()).length, 0);
  });
});
