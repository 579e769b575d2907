/** The whole way of a push to a plain repository, as a person goes it: hook, server, run, status in the clone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GitFixture } from '../../src/forge/git/git-fixture.ts';
import { installHook } from '../../src/forge/git/hook/install-hook.ts';
import { repositories } from '../../src/forge/kinds/repository.ts';
import { namespaces, secrets } from '../../src/kube/core-types.ts';
import { Workplace } from '../support/penstock-process.ts';
import { PenstockServer } from '../support/penstock-server.ts';

const definition = (script: string): string => `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: build
  annotations:
    pipelinesascode.tekton.dev/on-event: "[push]"
    pipelinesascode.tekton.dev/on-target-branch: "[main]"
spec:
  pipelineSpec:
    tasks:
      - name: say
        taskSpec:
          steps:
            - name: say
              image: alpine
              script: ${script}
`;

const flags = ['--hooks-port', '0', '--runtime', 'process'];

async function configure(place: Workplace, server: PenstockServer, fixture: GitFixture): Promise<void> {
  const [, hooks = ''] = /Webhooks come in at (http:\S+)\/hooks/.exec(server.process.stdout) ?? [];
  const installed = await place.run(['git-hook', 'install', '-C', fixture.bare, '--url', hooks]);
  assert.equal(installed.code, 0, installed.stderr);
  const secret = readFileSync(join(fixture.bare, 'penstock-hook.secret'), 'utf8').trim();
  const inNamespace = { name: 'app', namespace: 'ci' };
  await server.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ci' } });
  await server.client.create(secrets, {
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: inNamespace },
    data: { 'webhook.secret': Buffer.from(secret).toString('base64') },
  });
  await server.client.create(repositories, {
    ...{ apiVersion: 'pipelinesascode.tekton.dev/v1alpha1', kind: 'Repository', metadata: inNamespace },
    spec: { url: `file://${fixture.bare}`, git_provider: { type: 'git', webhook_secret: { name: 'app' } } },
  });
}

describe('a push to a plain repository', () => {
  it('runs its pipeline and shows what became of it, also when it came while nothing listened', async () => {
    await using place = new Workplace();
    using fixture = new GitFixture();
    let first: string;
    let port: string;
    {
      await using server = await PenstockServer.start(place, { flags });
      await configure(place, server, fixture);
      port = /Webhooks come in at http:\S+:(\d+)\/hooks/.exec(server.process.stdout)?.[1] ?? '';
      first = fixture.commit({ '.tekton/build.yaml': definition('echo hello') }, 'Say hello');

      fixture.push();

      const good = await place.run(['status', '--follow', '-C', fixture.work]);
      assert.equal(good.code, 0, good.stdout + good.stderr);
      assert.match(
        good.stdout,
        new RegExp(`^${first.slice(0, 12)} Say hello\\n {2}✓ .* / build / main +succeeded`, 'm'),
      );
    }
    // A hook that can send nothing: only the spool knows of this push.
    await installHook({ git: fixture.program, folder: fixture.bare, command: ['/nowhere/penstock'] });
    fixture.commit({ '.tekton/build.yaml': definition('exit 3') }, 'Break it');
    fixture.push();

    await using _again = await PenstockServer.start(place, { flags: ['--hooks-port', port, '--runtime', 'process'] });

    const bad = await place.run(['status', '--follow', '-C', fixture.work]);
    assert.equal(bad.code, 1, bad.stdout + bad.stderr);
    assert.match(bad.stdout, /✗ .* \/ build \/ main +failed .*exited with code 3/);
    const still = await place.run(['status', first, '-C', fixture.work]);
    assert.equal(still.code, 0);
  });
});
