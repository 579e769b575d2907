import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Container, Pod } from '../../kube/pod.ts';
import { defaultTaskRunOptions } from '../../tekton/task-run/contract.ts';
import { resolveTask } from '../../tekton/task-run/resolve.ts';
import type { TaskRun, TaskRunSpec, TaskSpec } from '../../tekton/types.ts';
import { attemptRecordOf, wrappedSteps } from './attempt-record.ts';
import { buildPod, podName, type PodPlan } from './build-pod.ts';
import { verdictFinalizer } from './names.ts';
import { defaultPodOptions } from './options.ts';
import { PodPlanError } from './step-plan.ts';

const options = { ...defaultTaskRunOptions, ...defaultPodOptions };

function runOf(
  taskSpec: TaskSpec,
  spec: Partial<TaskRunSpec> = {},
  metadata: Partial<TaskRun['metadata']> = {},
): TaskRun {
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name: 'run', namespace: 'ns', uid: 'run-uid', ...metadata },
    spec: { taskSpec, ...spec },
  };
}

function planOf(
  taskSpec: TaskSpec,
  spec: Partial<TaskRunSpec> = {},
  metadata: Partial<TaskRun['metadata']> = {},
): PodPlan {
  const taskRun = runOf(taskSpec, spec, metadata);
  const resolution = resolveTask({ taskRun, findTask: () => ({ state: 'absent' }), options });
  assert.equal(resolution.kind, 'ready', JSON.stringify(resolution));
  return buildPod(taskRun, resolution.task, 0, options);
}

const podOf = (...given: Parameters<typeof planOf>): Pod => planOf(...given).pod;

const containers = (pod: Pod): readonly Container[] => [...(pod.spec.initContainers ?? []), ...pod.spec.containers];

const mounts = (container: Container | undefined): Record<string, string> =>
  Object.fromEntries(
    (container?.volumeMounts ?? []).map(({ mountPath, name, readOnly }) => [mountPath, readOnly ? `${name} ro` : name]),
  );

describe('buildPod', () => {
  it('makes every step but the last an init container, and is held until its verdict', () => {
    const steps = [
      { name: 'a', image: 'x', script: 'one' },
      { image: 'y', command: ['two'], args: ['2'] },
      { name: 'c', image: 'z', script: '#!/bin/env three' },
    ];
    const pod = podOf({ steps });
    assert.deepEqual(
      pod.spec.initContainers?.map(({ name }) => name),
      ['step-a', 'step-unnamed-1'],
    );
    assert.deepEqual(
      pod.spec.containers.map(({ name }) => name),
      ['step-c'],
    );
    assert.equal(pod.spec.restartPolicy, 'Never');
    assert.deepEqual(pod.metadata.finalizers, [verdictFinalizer]);
    assert.equal(pod.metadata.name, 'run-pod');
    assert.deepEqual(
      pod.metadata.ownerReferences?.map(({ uid, controller }) => [uid, controller]),
      [['run-uid', true]],
    );
    assert.deepEqual(
      containers(pod).map(({ command, args }) => [command, args]),
      [
        [['/tekton/scripts/script-0'], undefined],
        [['two'], ['2']],
        [['/tekton/scripts/script-2'], undefined],
      ],
    );
    assert.equal(pod.metadata.annotations?.['penstock.dev/script-0'], '#!/bin/sh\nset -e\none');
    assert.equal(pod.metadata.annotations?.['penstock.dev/script-2'], '#!/bin/env three');
    const scripts = pod.spec.volumes?.find(({ name }) => name === 'penstock-scripts');
    assert.deepEqual(scripts?.downwardAPI?.items, [
      { path: 'script-0', mode: 0o755, fieldRef: { fieldPath: "metadata.annotations['penstock.dev/script-0']" } },
      { path: 'script-2', mode: 0o755, fieldRef: { fieldPath: "metadata.annotations['penstock.dev/script-2']" } },
    ]);
  });

  it('needs no help for plain steps', () => {
    const pod = podOf({ steps: [{ image: 'x', command: ['true'] }] });
    assert.equal(pod.spec.initContainers, undefined);
    assert.deepEqual(mounts(pod.spec.containers[0]), {
      '/workspace': 'tekton-internal-workspace',
      '/tekton/home': 'tekton-internal-home',
      '/tekton/results': 'tekton-internal-results',
    });
    assert.equal(wrappedSteps(pod).size, 0);
    assert.equal(pod.spec.containers[0]?.terminationMessagePath, '/tekton/termination');
  });

  it('wraps every step that it can where there are credentials, each with a directory of its own for them', () => {
    const taskRun = runOf({
      steps: [
        { name: 'a', image: 'x', script: 'git fetch' },
        { name: 'own', image: 'y' },
      ],
    });
    const resolution = resolveTask({ taskRun, findTask: () => ({ state: 'absent' }), options });
    assert.equal(resolution.kind, 'ready');
    const annotations = { 'tekton.dev/git-0': 'https://example.com' };
    const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/basic-auth' } as const;
    const secrets = [{ ...secret, metadata: { name: 's', annotations } }];
    const { pod } = buildPod(taskRun, resolution.task, 0, options, { secrets });
    assert.deepEqual([...wrappedSteps(pod)], ['step-a']);
    assert.deepEqual(
      containers(pod).map(({ name }) => name),
      ['prepare', 'credentials', 'step-a', 'step-own'],
    );
    const [, bare, step, own] = containers(pod);
    assert.deepEqual(step?.command?.slice(4, 6), ['--credentials', '/tekton/scripts/credentials']);
    assert.deepEqual(
      [bare, step, own].map((one) => [mounts(one)['/tekton/creds'], mounts(one)['/tekton/creds-secrets/s']]),
      [
        ['tekton-creds-home', 'penstock-credentials-0 ro'],
        ['tekton-creds-0', 'penstock-credentials-0 ro'],
        [undefined, undefined],
      ],
    );
    const declared = new Set(pod.spec.volumes?.map(({ name }) => name));
    const used = containers(pod).flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
    assert.deepEqual(
      used.filter((name) => !declared.has(name)),
      [],
    );
  });

  it('gives steps that name $(credentials.path) that directory, empty without credentials', () => {
    const pod = podOf({ steps: [{ name: 'a', image: 'x', script: 'ls $(credentials.path)' }] });
    assert.equal(mounts(pod.spec.containers[0])['/tekton/creds'], 'tekton-creds-0');
    assert.equal(wrappedSteps(pod).size, 0);
  });

  it('wraps the steps that need it, and only those', () => {
    const pod = podOf({
      steps: [
        { name: 'plain', image: 'x', script: 'true' },
        { name: 'soft', image: 'x', script: 'false', onError: 'continue' },
        {
          name: 'late',
          image: 'x',
          command: ['sleep'],
          args: ['$(steps.step-soft.exitCode.path)'],
          timeout: '1m30s',
          stdoutConfig: { path: '/o' },
        },
      ],
    });
    assert.deepEqual([...wrappedSteps(pod)], ['step-soft', 'step-late']);
    assert.deepEqual(
      containers(pod).map(({ name }) => name),
      ['prepare', 'step-plain', 'step-soft', 'step-late'],
    );
    const late = pod.spec.containers[0];
    assert.deepEqual(late?.command, [
      ...['/tekton/bin/sh', '/tekton/scripts/wrapper', '--directory', '/tekton/steps/step-late'],
      ...['--timeout', '90', '--stdout', '/o', '--limit', '3072', '--', 'sleep'],
    ]);
    assert.deepEqual(late.args, ['/tekton/steps/step-soft/exitCode']);
    assert.equal(mounts(late)['/tekton/bin'], 'tekton-internal-bin ro');
    assert.equal(mounts(late)['/tekton/steps'], 'tekton-internal-steps');
  });

  it('needs no preparation where every container has a shell', () => {
    const taskRun = runOf({ steps: [{ name: 'a', image: 'x', script: 'true' }], results: [{ name: 'r' }] });
    const resolution = resolveTask({ taskRun, findTask: () => ({ state: 'absent' }), options });
    assert.equal(resolution.kind, 'ready');
    const { pod } = buildPod(taskRun, resolution.task, 0, { ...options, shell: '/bin/sh' });
    assert.equal(pod.spec.initContainers, undefined);
    assert.equal(pod.spec.containers[0]?.command?.[0], '/bin/sh');
    assert.ok(!pod.spec.volumes?.some(({ name }) => name === 'tekton-internal-bin'));
    assert.equal(mounts(pod.spec.containers[0])['/tekton/bin'], undefined);
  });

  it('has every step of a Task with results report them, and remembers what was declared', () => {
    const results = [
      { name: 'a', description: 'long' },
      { name: 'b', value: '$(steps.one.results.x)' },
    ];
    const pod = podOf({ steps: [{ name: 'one', image: 'x', script: 'true', results: [{ name: 'x' }] }], results });
    const command = (pod.spec.containers[0]?.command ?? []).join(' ');
    assert.match(command, /--step-result x --result a --limit/);
    assert.doesNotMatch(command, /--result b/);
    assert.deepEqual(attemptRecordOf(pod).results, [{ name: 'a' }, { name: 'b', value: '$(steps.one.results.x)' }]);
  });

  it('refuses to wrap a command that it does not know', () => {
    assert.throws(() => podOf({ steps: [{ name: 'a', image: 'x', onError: 'continue', args: ['y'] }] }), PodPlanError);
    const steps = [{ name: 'a', image: 'x', timeout: '1s' }];
    assert.throws(() => podOf({ steps }), /spec\.steps\[0\] \("a"\).*give it a command/);
  });

  it('collects the results of a last step that relies on its image’s own command', () => {
    const steps = [
      { name: 'a', image: 'x', script: 'true' },
      { name: 'b', image: 'kaniko', args: ['--digest'] },
    ];
    const pod = podOf({ steps, results: [{ name: 'digest' }] });
    assert.deepEqual(
      containers(pod).map(({ name }) => name),
      ['prepare', 'step-a', 'step-b', 'collect-results'],
    );
    assert.deepEqual([...wrappedSteps(pod)], ['step-a', 'collect-results']);
    assert.deepEqual([containers(pod)[2]?.command, containers(pod)[2]?.args], [undefined, ['--digest']]);
    assert.match(
      (pod.spec.containers[0]?.command ?? []).join(' '),
      /wrapper .*--result digest --limit \d+ -- \/tekton\/bin\/sh -c :$/,
    );
    assert.equal(
      podOf({ steps: steps.toReversed(), results: [{ name: 'digest' }] }).spec.containers[0]?.name,
      'step-a',
    );
  });

  it('sends long scripts in a ConfigMap of the run, and refuses what fits nowhere', () => {
    const long = (bytes: number): TaskSpec => ({ steps: [{ image: 'x', script: 'é'.repeat(bytes / 2) }] });
    const { pod, configMap } = planOf(long(210 * 1024));
    assert.equal(configMap?.metadata.name, 'run-pod-scripts');
    assert.equal(configMap.metadata.ownerReferences?.[0]?.uid, 'run-uid');
    assert.deepEqual(Object.keys(configMap.data ?? {}), ['script-0']);
    assert.equal(pod.metadata.annotations?.['penstock.dev/script-0'], undefined);
    assert.equal(pod.spec.volumes?.find(({ name }) => name === 'penstock-scripts')?.configMap?.name, 'run-pod-scripts');
    assert.equal(planOf(long(190 * 1024)).configMap, undefined);
    assert.ok(planOf(long(190 * 1024), {}, { annotations: { note: 'x'.repeat(70 * 1024) } }).configMap);
    assert.throws(() => podOf(long(1024 * 1024)), /bytes together/);
  });

  it('lets a mount of the user take the place of an implicit one', () => {
    const volumes = [{ name: 'mine' }];
    const pod = podOf({
      steps: [{ image: 'x', script: 'true', volumeMounts: [{ name: 'mine', mountPath: '/tekton/home/' }] }],
      volumes,
    });
    assert.equal(mounts(pod.spec.containers[0])['/tekton/home'], undefined);
    assert.equal(mounts(pod.spec.containers[0])['/tekton/home/'], 'mine');
    assert.deepEqual(
      pod.spec.volumes?.find(({ name }) => name === 'mine'),
      { name: 'mine', emptyDir: {} },
    );
  });

  it('merges the template of the steps, then the environment of the run', () => {
    const pod = podOf(
      {
        stepTemplate: {
          image: 'base',
          command: ['dropped'],
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '1' },
          ],
        },
        steps: [
          {
            script: 'true',
            env: [
              { name: 'B', value: '2' },
              { name: 'C', value: '2' },
            ],
            workingDir: 'sub',
          },
        ],
      },
      {
        podTemplate: {
          env: [
            { name: 'C', value: '3' },
            { name: 'HOME', value: '/h' },
          ],
          nodeSelector: { disk: 'ssd' },
          priorityClassName: 'low',
        },
      },
    );
    const [step] = pod.spec.containers;
    assert.equal(step?.image, 'base');
    assert.deepEqual(Object.fromEntries((step.env ?? []).map(({ name, value }) => [name, value])), {
      HOME: '/h',
      A: '1',
      B: '2',
      C: '3',
    });
    assert.equal(step.workingDir, '/workspace/sub');
    assert.deepEqual([pod.spec.nodeSelector, pod.spec['priorityClassName']], [{ disk: 'ssd' }, 'low']);
  });

  it('carries labels, annotations, account, resources and deadline over', () => {
    const annotations = {
      note: 'n',
      'chains.tekton.dev/signed': 'x',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    };
    const steps = [
      { name: 'a', image: 'x', script: 'true', computeResources: { requests: { cpu: '1' } } },
      {
        name: 'b',
        image: 'x',
        script: 'true',
        computeResources: { requests: { memory: '1Gi' }, limits: { cpu: '3' } },
      },
    ];
    const stepSpecs = [{ name: 'b', computeResources: { requests: { cpu: '2' } } }];
    const pod = podOf(
      { steps },
      { serviceAccountName: 'robot', timeout: '10m', stepSpecs },
      { annotations, labels: { 'tekton.dev/pipelineTask': 't' } },
    );
    assert.equal(pod.metadata.annotations?.['note'], 'n');
    assert.equal(pod.metadata.annotations['chains.tekton.dev/signed'], undefined);
    assert.equal(pod.metadata.annotations['kubectl.kubernetes.io/last-applied-configuration'], undefined);
    assert.equal(pod.metadata.labels?.['tekton.dev/taskRun'], 'run');
    assert.equal(pod.metadata.labels['tekton.dev/taskRunUID'], 'run-uid');
    assert.equal(pod.metadata.labels['tekton.dev/pipelineTask'], 't');
    assert.equal(pod.spec.serviceAccountName, 'robot');
    assert.equal(pod.spec.activeDeadlineSeconds, 900);
    assert.deepEqual(
      containers(pod).map((one) => one['resources']),
      [{ requests: { cpu: '1' } }, { requests: { memory: '1Gi', cpu: '2' }, limits: { cpu: '3' } }],
    );
  });

  it('carries labels and annotations of the Task that is referred to, where the run has none of its own', () => {
    const taskRun = runOf({}, {}, { labels: { tier: 'run' }, annotations: { 'penstock.dev/wrapped-steps': 'step-a' } });
    const { taskSpec: _taskSpec, ...spec } = taskRun.spec;
    const run = { ...taskRun, spec: { ...spec, taskRef: { name: 'build' } } };
    const metadata = { name: 'build', labels: { tier: 'task', team: 'a' }, annotations: { note: 'task' } };
    const object = { ...run, kind: 'Task', metadata, spec: { steps: [{ name: 'a', image: 'x', script: 'true' }] } };
    const resolution = resolveTask({ taskRun: run, findTask: () => ({ state: 'found', object }), options });
    assert.equal(resolution.kind, 'ready');
    const { pod } = buildPod(run, resolution.task, 0, options);
    assert.deepEqual([pod.metadata.labels?.['tier'], pod.metadata.labels?.['team']], ['run', 'a']);
    assert.equal(pod.metadata.annotations?.['note'], 'task');
    assert.equal(wrappedSteps(pod).size, 0);
  });

  it('has no deadline without a timeout', () => {
    assert.equal(
      podOf({ steps: [{ image: 'x', script: 'true' }] }, { timeout: '0' }).spec.activeDeadlineSeconds,
      undefined,
    );
  });

  it('shares the room for messages out among the containers', () => {
    const steps = Array.from({ length: 5 }, () => ({ image: 'x', script: 'true' }));
    const command = podOf({ steps, results: [{ name: 'r' }] }).spec.containers[0]?.command ?? [];
    assert.equal(command[command.indexOf('--limit') + 1], String(12_288 / 6));
  });
});

describe('buildPod with workspaces', () => {
  const steps = [{ name: 'a', image: 'x', script: 'ls $(workspaces.w.path)' }];

  it('mounts each kind of volume, read-only where declared so', () => {
    const workspaces = [
      { name: 'w', readOnly: true },
      { name: 'e', mountPath: '/e' },
      { name: 'o', optional: true },
    ];
    const pod = podOf(
      { steps, workspaces },
      {
        workspaces: [
          { name: 'w', configMap: { name: 'c' } },
          { name: 'e', emptyDir: {}, subPath: 'deep/er' },
        ],
      },
    );
    const [step] = pod.spec.containers;
    const names = (step?.volumeMounts ?? []).filter(({ name }) => name.startsWith('ws-'));
    assert.deepEqual(
      names.map(({ mountPath, readOnly, subPath }) => [mountPath, readOnly, subPath]),
      [
        ['/workspace/w', true, undefined],
        ['/e', undefined, 'deep/er'],
      ],
    );
    assert.deepEqual(
      pod.spec.volumes?.filter(({ name }) => name.startsWith('ws-')).map(({ name: _name, ...source }) => source),
      [{ configMap: { name: 'c' } }, { emptyDir: {} }],
    );
  });

  it('gives workspaces on one claim one volume', () => {
    const claim = { persistentVolumeClaim: { claimName: 'c' } };
    const users = [
      { name: 'a', image: 'x', script: 'true', volumeMounts: [{ name: '$(workspaces.v.volume)', mountPath: '/own' }] },
    ];
    const pod = podOf(
      { steps: users, workspaces: [{ name: 'w' }, { name: 'v' }] },
      {
        workspaces: [
          { name: 'w', ...claim },
          { name: 'v', ...claim },
        ],
      },
    );
    assert.equal(pod.spec.volumes?.filter(({ persistentVolumeClaim }) => persistentVolumeClaim).length, 1);
    const paths = mounts(pod.spec.containers[0]);
    assert.equal(paths['/workspace/w'], paths['/workspace/v']);
    assert.equal(paths['/own'], paths['/workspace/w']);
  });

  it('keeps an isolated workspace from the steps that do not list it', () => {
    const two = [
      { name: 'a', image: 'x', script: 'true', workspaces: [{ name: 'w', mountPath: '/mine' }] },
      { name: 'b', image: 'x', script: 'true' },
    ];
    const pod = podOf({ steps: two, workspaces: [{ name: 'w' }] }, { workspaces: [{ name: 'w', emptyDir: {} }] });
    const paths = containers(pod).map((one) =>
      Object.keys(mounts(one)).filter((path) => !path.startsWith('/tekton') && path !== '/workspace'),
    );
    assert.deepEqual(paths, [['/mine'], []]);
  });

  it('mounts the claim made from a template', () => {
    const volumeClaimTemplate = { metadata: { name: 'pvc' }, spec: {} };
    const pod = podOf({ steps, workspaces: [{ name: 'w' }] }, { workspaces: [{ name: 'w', volumeClaimTemplate }] });
    const volume = pod.spec.volumes?.find(({ name }) => name.startsWith('ws-'));
    assert.match(volume?.persistentVolumeClaim?.claimName ?? '', /^pvc-[0-9a-f]{10}$/);
  });
});

describe('podName', () => {
  it('is Tekton’s', () => {
    assert.deepEqual([podName('run', 0), podName('run', 2)], ['run-pod', 'run-pod-retry2']);
    assert.ok(podName('r'.repeat(63), 1).length <= 63);
  });

  it('brings nothing of its own that the restricted Pod Security profile forbids', () => {
    const pod = podOf({ results: [{ name: 'r' }], steps: [{ image: 'x', script: 'one' }] });
    const prepare = containers(pod).find(({ name }) => name === 'prepare');
    assert.deepEqual(prepare?.securityContext, {
      runAsNonRoot: true,
      runAsUser: 65_532,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    const kinds = (pod.spec.volumes ?? []).flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'));
    assert.deepEqual([...new Set(kinds)].sort(), ['downwardAPI', 'emptyDir']);
  });
});
