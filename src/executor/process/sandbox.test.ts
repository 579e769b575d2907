/** What a sandbox keeps a step from, shown with real processes. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Pod } from '../../kube/pod.ts';
import { AgentFixture, isolationsHere, statusOf } from '../testing/agent-fixture.ts';
import type { Isolation } from './isolation.ts';

const outside = mkdtempSync(join(tmpdir(), 'penstock-outside-'));
after(() => rmSync(outside, { recursive: true, force: true }));

/** Runs `script` in a container with these volumes and mounts; resolves with its log and exit code. */
async function runOn(isolation: Isolation, script: string, more: Partial<Pod['spec']> = {}, container: object = {}) {
  await using fixture = await AgentFixture.start(isolation, { hostPaths: [outside] });
  const pod = await fixture.runScript('pod', script, container, more);
  const { exitCode, message } = statusOf(pod, 'step')?.state?.terminated ?? {};
  return { exitCode, message, log: await fixture.log(pod) };
}

for (const { label, isolation, skip } of (await isolationsHere()).slice(0, 2)) {
  describe(label, { skip }, () => {
    const run = (script: string, more: Partial<Pod['spec']> = {}, container: object = {}) =>
      runOn(isolation, script, more, container);

    it('has the literal paths, and keeps what is read-only as it is', async () => {
      const script =
        'echo x > /volume/f && echo no > /volume/ro/f; echo code $?; cat /volume/f; ls /volume/ro; mount -o remount,rw /volume/ro; touch /usr/x /etc/x';
      const { log } = await run(
        script,
        {
          volumes: [
            { name: 'v', emptyDir: {} },
            { name: 'w', emptyDir: {} },
          ],
        },
        {
          volumeMounts: [
            { name: 'v', mountPath: '/volume' },
            { name: 'w', mountPath: '/volume/ro', readOnly: true },
          ],
        },
      );
      assert.match(log, /code 1\n/);
      assert.match(log, /^x$/m);
      assert.match(log, /\/volume\/ro\/f: Read-only file system/);
      assert.match(log, /mount: .*(permission denied|Operation not permitted)/);
      assert.match(log, /\/usr\/x: Read-only file system/);
      assert.match(log, /\/etc\/x: Read-only file system/);
    });

    it('does not show home directories, other processes, or the files of the agent', async () => {
      writeFileSync(join(outside, 'secret'), 'x');
      const { log } = await run(
        `ls -a ${homeHere()}; ls ${outside} ${process.cwd()}; ls -d /proc/[0-9]* | wc -l; ls /tmp /dev/shm`,
      );
      assert.match(log, new RegExp(`ls: ${outside}: No such file`));
      assert.match(log, new RegExp(`ls: ${process.cwd()}: No such file`));
      const processes = Number(/^(\d+)$/m.exec(log)?.[1]);
      assert.ok(processes <= 5, log);
      assert.match(log, /^\.\n\.\.\n/);
    });

    it("has a private /tmp and root for each container, and hands on no variables but the spec's", async () => {
      await using fixture = await AgentFixture.start(isolation);
      fixture.cluster.createPod('two', {
        initContainers: [{ name: 'a', command: ['sh', '-c', 'touch /tmp/left /left /dev/shm/left'] }],
        containers: [
          {
            name: 'step',
            command: ['sh', '-c', 'ls /tmp /dev/shm; ls -d /left; env'],
            env: [{ name: 'MINE', value: 'yes' }],
          },
        ],
      });
      const log = await fixture.log(await fixture.cluster.finished('two'));
      assert.match(log, /\/left: No such file/);
      assert.ok(!/^left$/m.test(log), log);
      const names = [...log.matchAll(/^([A-Za-z_]+)=/gm)].map(([, name]) => name ?? '').sort();
      assert.deepEqual(
        names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)),
        ['HOME', 'HOSTNAME', 'MINE', 'PATH'],
      );
    });

    it('mounts a sub-path that is a link inside its volume, not where the link points outside', async () => {
      mkdirSync(join(outside, 'volume'), { recursive: true });
      writeFileSync(join(outside, 'target'), 'from outside');
      const volumes = [{ name: 'v', emptyDir: {} }];
      await using fixture = await AgentFixture.start(isolation);
      fixture.cluster.createPod('links', {
        volumes,
        initContainers: [
          {
            name: 'a',
            command: ['sh', '-c', `ln -s ${outside} /v/link`],
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
          },
        ],
        containers: [
          {
            name: 'step',
            command: ['sh', '-c', 'ls -a /sub; cat /sub/target'],
            volumeMounts: [{ name: 'v', mountPath: '/sub', subPath: 'link' }],
          },
        ],
      });
      const log = await fixture.log(await fixture.cluster.finished('links'));
      assert.match(log, /^\.\n\.\.\ncat: .*No such file/);
      fixture.cluster.createPod('dots', {
        volumes,
        containers: [
          { name: 'step', command: ['true'], volumeMounts: [{ name: 'v', mountPath: '/sub', subPath: '../..' }] },
        ],
      });
      const waiting = await fixture.cluster.until(
        () => statusOf(fixture.cluster.pod('dots') as Pod, 'step')?.state?.waiting?.message,
      );
      assert.equal(waiting, 'subPath "../.." must not contain \'..\'');
    });

    it('writes through to a host path that was allowed', async () => {
      const { log, exitCode } = await run(
        'echo hi > /out/made; cat /out/made',
        { volumes: [{ name: 'v', hostPath: { path: outside } }] },
        { volumeMounts: [{ name: 'v', mountPath: '/out' }] },
      );
      assert.deepEqual([exitCode, log], [0, 'hi\n']);
      assert.equal(readFileSync(join(outside, 'made'), 'utf8'), 'hi\n');
    });

    it('makes the working directory, and lets programs open /dev/stdout', async () => {
      const { log } = await run(
        'pwd; echo a > /dev/stdout; echo b | tee /dev/stderr',
        {},
        { workingDir: '/some/where' },
      );
      assert.equal(log, '/some/where\na\nb\nb\n');
    });

    it(
      'runs busybox ash or bash as sh, and finds ash by name',
      { skip: !hasBusybox() && 'no busybox here' },
      async () => {
        const { log } = await run(
          '[[ a == a ]] && echo two; env ash -c "echo ash"; printf "#!/usr/bin/env ash\\necho by name\\n" > /tmp/s; chmod +x /tmp/s; /tmp/s',
        );
        assert.equal(log, 'two\nash\nby name\n');
      },
    );

    it('says that a script lacks its interpreter, and that a file is not executable', async () => {
      const script = '#!/opt/none/python3\n';
      const item = { path: 's', fieldRef: { fieldPath: "metadata.annotations['s']" } };
      await using fixture = await AgentFixture.start(isolation);
      for (const [name, mode] of [
        ['script', 0o755],
        ['plain', 0o644],
      ] as const) {
        fixture.cluster.createPod(
          name,
          {
            volumes: [{ name: 'v', downwardAPI: { items: [{ ...item, mode }] } }],
            containers: [{ name: 'step', command: ['/s/s'], volumeMounts: [{ name: 'v', mountPath: '/s' }] }],
          },
          { annotations: { s: script } },
        );
      }
      const state = async (name: string) => statusOf(await fixture.cluster.finished(name), 'step')?.state?.terminated;
      assert.equal(
        (await state('script'))?.message,
        'step: "/s/s" is a script for /opt/none/python3, which is not on this machine',
      );
      assert.equal((await state('script'))?.exitCode, 127);
      const plain = await state('plain');
      // Root may execute what nobody may: the kernel refuses later, and bubblewrap says so.
      assert.match(plain?.message ?? '', /not executable|Permission denied/);
    });

    it('says that a program is in a folder of the PATH that steps do not see', async () => {
      writeFileSync(join(outside, 'my-tool'), '#!/bin/sh\n', { mode: 0o755 });
      await using fixture = await AgentFixture.start(isolation, { process: { searchPath: [outside, '/usr/bin'] } });
      const pod = await fixture.runScript('tool', '', { command: ['my-tool'] });
      const message = `step: "my-tool" is at ${outside}/my-tool, in a folder that steps do not see (they see /run/penstock/bin:/usr/bin)`;
      assert.equal(statusOf(pod, 'step')?.state?.terminated?.message, message);
      await using seeing = await AgentFixture.start(isolation, {
        process: { searchPath: [outside], readOnlyPaths: [outside] },
      });
      assert.equal((await seeing.runScript('tool', '', { command: ['my-tool'] })).status?.phase, 'Succeeded');
    });

    it('tells a sandbox that could not be made from a step that failed', async () => {
      await using fixture = await AgentFixture.start({ kind: 'bubblewrap', program: '/bin/false' });
      const pod = await fixture.runScript('broken', 'true');
      const state = statusOf(pod, 'step')?.state?.terminated;
      assert.deepEqual([state?.exitCode, state?.reason], [128, 'StartError']);
      assert.match(state?.message ?? '', /^the sandbox could not be made \(exit 1\)/);
    });

    it('does not let a step forge its exit code', async () => {
      const { exitCode } = await run(
        'for fd in 3 4 5 6 7 8 9; do echo "{ \\"exit-code\\": 0 }" >&$fd; done 2>/dev/null; exit 9',
      );
      assert.equal(exitCode, 9);
    });

    it('refuses a command larger than the system allows', async () => {
      const { message } = await run('true', {}, { env: [{ name: 'BIG', value: 'x'.repeat(3 * 1024 * 1024) }] });
      assert.match(message ?? '', /larger than the system allows/);
    });
  });
}

function hasBusybox(): boolean {
  try {
    readFileSync('/bin/busybox');
    return true;
  } catch {
    return false;
  }
}

/** The home that the user database knows; some users are not in it. */
function homeHere(): string {
  try {
    return userInfo().homedir;
  } catch {
    return '/root';
  }
}
