import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { processesGone, processesWith } from '../../../test/support/processes.ts';
import { pods, secrets } from '../../kube/core-types.ts';
import { AgentFixture, isolationsHere, statusOf } from '../testing/agent-fixture.ts';

for (const { label, isolation, skip } of await isolationsHere()) {
  describe(`a node agent that runs pods ${label}`, { skip }, () => {
    it('runs a pod of one container, with its result and its log', async () => {
      await using fixture = await AgentFixture.start(isolation);
      const pod = await fixture.runScript('hello', 'echo hello; echo oops >&2; printf result > "$OUT"', {
        env: [{ name: 'OUT', value: '/dev/termination-log' }],
      });
      assert.equal(pod.status?.phase, 'Succeeded');
      const state = statusOf(pod, 'step')?.state?.terminated;
      assert.equal(state?.exitCode, 0);
      assert.equal(state?.reason, 'Completed');
      assert.equal(state?.message, 'result');
      assert.match(state?.containerID ?? '', /^process:\/\/[0-9a-f-]{36}$/);
      assert.equal(await fixture.log(pod), 'hello\noops\n');
    });

    it('fails a pod with the exit code of its container', async () => {
      await using fixture = await AgentFixture.start(isolation);
      const pod = await fixture.runScript('fails', 'echo last words; exit 7', {
        terminationMessagePolicy: 'FallbackToLogsOnError',
      });
      assert.equal(pod.status?.phase, 'Failed');
      const state = statusOf(pod, 'step')?.state?.terminated;
      assert.deepEqual([state?.exitCode, state?.reason, state?.message], [7, 'Error', 'last words\n']);
    });

    it('runs init containers in order and stops at the first that fails', async () => {
      await using fixture = await AgentFixture.start(isolation);
      const volumeMounts = [{ name: 'work', mountPath: '/workspace' }];
      const step = (name: string, script: string): object => ({
        name,
        command: ['/bin/sh', '-c', script],
        volumeMounts,
      });
      fixture.cluster.createPod('order', {
        initContainers: [
          step('a', 'echo a >> /workspace/f'),
          step('b', 'echo b >> /workspace/f; exit 3'),
          step('c', 'echo c'),
        ],
        containers: [step('d', 'cat /workspace/f')],
        volumes: [{ name: 'work', emptyDir: {} }],
      } as never);
      const pod = await fixture.cluster.finished('order');
      assert.equal(pod.status?.phase, 'Failed');
      assert.equal(statusOf(pod, 'a')?.state?.terminated?.exitCode, 0);
      assert.equal(statusOf(pod, 'b')?.state?.terminated?.exitCode, 3);
      assert.equal(statusOf(pod, 'c')?.state?.waiting?.reason, 'PodInitializing');
      assert.equal(statusOf(pod, 'd')?.state?.waiting?.reason, 'PodInitializing');
    });

    it('runs a script that travels in an annotation', async () => {
      await using fixture = await AgentFixture.start(isolation);
      const script =
        '#!/bin/sh\nset -e\ncd /workspace/sub\npwd > /dev/null\nif [[ a == a ]]; then echo "$0 runs"; fi\n';
      const item = { path: 'script-0', fieldRef: { fieldPath: "metadata.annotations['penstock.dev/script-0']" } };
      fixture.cluster.createPod(
        'scripted',
        {
          containers: [
            {
              name: 'step',
              command: ['/tekton/scripts/script-0'],
              workingDir: '/workspace/sub',
              volumeMounts: [
                { name: 'scripts', mountPath: '/tekton/scripts', readOnly: true },
                { name: 'work', mountPath: '/workspace' },
              ],
            },
          ],
          volumes: [
            { name: 'scripts', downwardAPI: { defaultMode: 0o755, items: [item] } },
            { name: 'work', emptyDir: {} },
          ],
        },
        { annotations: { 'penstock.dev/script-0': script } },
      );
      const pod = await fixture.cluster.finished('scripted');
      assert.equal(pod.status?.phase, 'Succeeded', await fixture.log(pod));
      assert.match(await fixture.log(pod), /script-0 runs\n/);
    });

    it('says what to do about a container without a command', async () => {
      await using fixture = await AgentFixture.start(isolation);
      fixture.cluster.createPod('imageless', { containers: [{ name: 'step-build', image: 'kaniko' }] });
      const pod = await fixture.cluster.finished('imageless');
      const state = statusOf(pod, 'step-build')?.state?.terminated;
      assert.equal(state?.reason, 'ContainerCannotRun');
      assert.match(state?.message ?? '', /^step-build: the process runtime needs command or script/);
    });

    it('says that a program is not there, and that a script lacks its interpreter', async () => {
      await using fixture = await AgentFixture.start(isolation);
      const missing = await fixture.runScript('missing', '', { command: ['no-such-program'] });
      assert.equal(statusOf(missing, 'step')?.state?.terminated?.exitCode, 127);
      assert.match(
        statusOf(missing, 'step')?.state?.terminated?.message ?? '',
        /"no-such-program" is not on this machine/,
      );
    });

    it('waits for a secret that does not exist, says so, goes on when it comes, and does not show it', async () => {
      await using fixture = await AgentFixture.start(isolation);
      const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'value' } } }];
      fixture.cluster.createPod('waits', {
        containers: [
          { name: 'step', command: ['/bin/sh', '-c', 'test "$TOKEN" = s3cr3t-value && echo "is $TOKEN"'], env },
        ],
      });
      const waiting = await fixture.cluster.until(() => {
        const found = fixture.cluster.pod('waits');
        return found && statusOf(found, 'step')?.state?.waiting?.message ? found : undefined;
      });
      const state = statusOf(waiting, 'step')?.state?.waiting;
      assert.deepEqual(state, {
        reason: 'CreateContainerConfigError',
        message: 'secret "token" not found in namespace "default"',
      });
      assert.equal(waiting.status?.phase, 'Pending');
      const data = { value: Buffer.from('s3cr3t-value').toString('base64') };
      fixture.cluster.put(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'token', namespace: 'default' },
        data,
      });
      const pod = await fixture.cluster.finished('waits');
      assert.equal(pod.status?.phase, 'Succeeded');
      assert.ok(!fixture.logger.lines.join('\n').includes('s3cr3t-value'));
      assert.equal(await fixture.log(pod), 'is ***\n');
    });

    it('ends a pod that is deleted: TERM first, with the trap run, and confirms', async () => {
      await using fixture = await AgentFixture.start(isolation);
      const script = 'trap "echo cleaned; exit 0" TERM; echo ready; while :; do sleep 0.05; done';
      fixture.cluster.createPod(
        'deleted',
        { containers: [{ name: 'step', command: ['/bin/sh', '-c', script] }] },
        { finalizers: ['penstock.dev/verdict'] },
      );
      const running = await fixture.cluster.until(() =>
        fixture.cluster.pod('deleted')?.status?.phase === 'Running' ? fixture.cluster.pod('deleted') : undefined,
      );
      await followUntil(fixture, running, 'ready');
      fixture.cluster.remove(pods, { namespace: 'default', name: 'deleted' });
      const pod = await fixture.cluster.finished('deleted');
      assert.equal(statusOf(pod, 'step')?.state?.terminated?.exitCode, 0);
      assert.match(await fixture.log(pod), /^ready\n.*cleaned\n$/s);
      await fixture.cluster.until(() => fixture.cluster.pod('deleted')?.metadata.deletionGracePeriodSeconds === 0);
      fixture.cluster.finalize(pods, { namespace: 'default', name: 'deleted' });
      assert.equal(fixture.cluster.pod('deleted'), undefined);
    });

    it('kills what ignores TERM and what has left its group', async () => {
      await using fixture = await AgentFixture.start(isolation);
      const mark = `sleep-mark-${process.pid}-${label.length}`;
      const stubborn = `sh -c 'trap "" TERM; while :; do sleep 0.05; done' ${mark}`;
      const script = `trap "" TERM; (setsid ${stubborn} >/dev/null 2>&1 &) ; echo ready; while :; do sleep 0.05; done`;
      const containers = [{ name: 'step', command: ['/bin/sh', '-c', script] }];
      fixture.cluster.createPod('stubborn', { containers }, { finalizers: ['penstock.dev/verdict'] });
      const running = await fixture.cluster.until(() =>
        fixture.cluster.pod('stubborn')?.status?.phase === 'Running' ? fixture.cluster.pod('stubborn') : undefined,
      );
      await followUntil(fixture, running, 'ready');
      const key = { namespace: 'default', name: 'stubborn' };
      fixture.cluster.remove(pods, key);
      assert.notEqual(processesWith(mark).length, 0);
      fixture.cluster.remove(pods, key, { gracePeriodSeconds: 0 });
      const pod = await fixture.cluster.finished('stubborn');
      assert.deepEqual([pod.status?.phase, statusOf(pod, 'step')?.state?.terminated?.exitCode], ['Failed', 137]);
      await processesGone(mark);
    });
  });
}

/** Follows the log of container `step` until it has said `text`. */
async function followUntil(
  fixture: AgentFixture,
  pod: Parameters<AgentFixture['log']>[0],
  text: string,
): Promise<void> {
  let seen = '';
  const source = fixture.agent.podLogs?.open(pod, 'step', { follow: true, timestamps: false });
  for await (const chunk of source ?? []) {
    seen += Buffer.from(chunk).toString('utf8');
    if (seen.includes(text)) return;
  }
  assert.fail(`the log ended without "${text}": ${seen}`);
}
