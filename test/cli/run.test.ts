/** `penstock run` as a person types it: what may be given, and what comes out. */
import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { Workplace, launcher } from '../support/penstock-process.ts';
import { processesWith } from '../support/processes.ts';
import { documents, pipelineRun, shellSpec, shellTask } from '../support/run-manifests.ts';

/** Whoever takes so long waits for what will never come, on whatever machine; in ms. */
const hangsMs = 220_000;

/** The device to which nothing can be written. */
const noFullDisk: string | false = existsSync('/dev/full') ? false : 'no /dev/full';

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

const pipeline = (name: string, spec: object) => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'Pipeline',
  metadata: { name },
  spec,
});
const task = (name: string, spec: object) => ({ apiVersion: 'tekton.dev/v1', kind: 'Task', metadata: { name }, spec });
const saying = (name: string) => pipelineRun(name, [shellTask('say', `echo "${name} speaks"`)]);

describe('penstock run', { timeout: hangsMs }, () => {
  it('takes a file and exits with 0 when its run succeeds', async () => {
    workplace.write('one.yaml', documents(saying('one')));
    const { code, stdout, stderr } = await workplace.run(['run', 'one.yaml']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\[say : step\] one speaks$/m);
    assert.match(stdout, /^✓ PipelineRun one succeeded in [\d.]+s$/m);
  });

  it('exits with 1 when one of several runs fails, and tells of each', async () => {
    const failing = pipelineRun('two', [shellTask('say', 'echo two is done; exit 7')]);
    workplace.write('several.yaml', documents(saying('one'), failing));
    const { code, stdout } = await workplace.run(['run', 'several.yaml']);
    assert.equal(code, 1);
    assert.match(stdout, /^✓ PipelineRun one succeeded/m);
    assert.match(stdout, /^✗ PipelineRun two failed/m);
    assert.match(stdout, /✗ say failed \(StepFailed\): "step-step" exited with code 7/);
    assert.match(stdout, /\[two : say : step\] two is done/);
  });

  it('takes a folder, with the Tasks, ConfigMaps and runs of all its files', async () => {
    const usesBoth = pipelineRun('uses', [{ name: 'use', taskRef: { name: 'from-file' } }]);
    const envFrom = [{ configMapRef: { name: 'settings' } }];
    workplace.write('all/.tekton/run.yaml', documents(usesBoth));
    workplace.write(
      'all/.tekton/deeper/task.yml',
      documents(task('from-file', { steps: [{ name: 's', image: 'busybox', script: 'echo "got $WORD"', envFrom }] })),
    );
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { WORD: 'it' } };
    workplace.write('all/.tekton/settings.json', JSON.stringify(settings));
    workplace.write('all/.tekton/notes.txt', 'not a manifest');
    const { code, stdout, stderr } = await workplace.run(['run', 'all/.tekton']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\[use : s\] got it/);
  });

  it('takes the folder .tekton when nothing is named', async () => {
    await using place = new Workplace();
    place.write('.tekton/run.yaml', documents(saying('home')));
    const { code, stdout } = await place.run(['run']);
    assert.equal(code, 0);
    assert.match(stdout, /home speaks/);
  });

  it('takes several files with -f, and standard input as -', async () => {
    workplace.write('task.yaml', documents(task('shared', shellSpec('echo shared work'))));
    const run = documents(pipelineRun('piped', [{ name: 'use', taskRef: { name: 'shared' } }]));
    const { code, stdout, stderr } = await workplace.run(['run', '-f', 'task.yaml', '-f', '-'], { stdin: run });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\[use : step\] shared work/);
  });

  it('runs the one that --name names', async () => {
    workplace.write('choice.yaml', documents(saying('left'), saying('right')));
    const { code, stdout } = await workplace.run(['run', 'choice.yaml', '--name', 'right']);
    assert.equal(code, 0);
    assert.match(stdout, /right speaks/);
    assert.doesNotMatch(stdout, /left/);
    const unknown = await workplace.run(['run', 'choice.yaml', '--name', 'middle']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no run is named middle; there is left, right/);
  });

  it('runs a Pipeline or a Task that stands alone', async () => {
    workplace.write(
      'pipeline.yaml',
      documents(pipeline('alone', { tasks: [shellTask('say', 'echo from a pipeline')] })),
    );
    workplace.write('task-alone.yaml', documents(task('only', shellSpec('echo from a task'))));
    const [ofPipeline, ofTask] = [
      await workplace.run(['run', 'pipeline.yaml']),
      await workplace.run(['run', 'task-alone.yaml']),
    ];
    assert.deepEqual([ofPipeline.code, ofTask.code], [0, 0]);
    assert.match(ofPipeline.stdout, /from a pipeline/);
    assert.match(ofPipeline.stdout, /PipelineRun alone-\w+ succeeded/);
    assert.match(ofTask.stdout, /TaskRun only-\w+ succeeded/);
    assert.match(ofTask.stdout, /from a task/);
  });

  it('gives params of every type as they are declared', async () => {
    const params = [
      { name: 'word', type: 'string', default: 'unset' },
      { name: 'list', type: 'array', default: [] },
      { name: 'map', type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
    ];
    const steps = [
      {
        name: 'tell',
        image: 'busybox',
        command: ['sh', '-c', 'echo "$0|$*"', '$(params.word)', '$(params.map.a)$(params.map.b)', '$(params.list[*])'],
      },
    ];
    workplace.write('params.yaml', documents(task('typed', { params, steps })));
    const given = ['--param', 'word=a=b c', '-p', 'list=x,y z', '--param', 'map={"a":"1","b":"2"}'];
    const { code, stdout, stderr } = await workplace.run(['run', 'params.yaml', ...given]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /a=b c\|12 x y z/);
  });

  it('says which param there is not, and how a value must be written', async () => {
    const params = [{ name: 'map', type: 'object', properties: { a: { type: 'string' } } }];
    workplace.write('object.yaml', documents(task('typed', { params, ...shellSpec('true') })));
    const unknown = await workplace.run(['run', 'object.yaml', '--param', 'mpa=1']);
    assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
    assert.match(unknown.stderr, /the run has no param mpa\n {2}its params are map/);
    const mistyped = await workplace.run(['run', 'object.yaml', '--param', 'map=1']);
    assert.equal(mistyped.code, 2);
    assert.match(mistyped.stderr, /declared as object, and "1" is not one\n {2}write it as 'map=\{"key":"value"\}'/);
    const shapeless = await workplace.run(['run', 'object.yaml', '--param', 'map']);
    assert.match(shapeless.stderr, /--param map is not of the form NAME=VALUE/);
  });

  it("reads and writes a folder of the person's own as a workspace, and leaves it there", async () => {
    workplace.write('sources/input.txt', 'precious');
    const script =
      'cd "$(workspaces.source.path)"; tr a-z A-Z < input.txt > output.txt; mkdir -p made/deep; touch made/deep/file';
    workplace.write(
      'workspace.yaml',
      documents(task('build', shellSpec(script, { workspaces: [{ name: 'source' }] }))),
    );
    const { code, stderr } = await workplace.run(['run', 'workspace.yaml', '--workspace', 'source=sources']);
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(workplace.path('sources/output.txt'), 'utf8'), 'PRECIOUS');
    assert.deepEqual(readdirSync(workplace.path('sources')).sort(), ['input.txt', 'made', 'output.txt']);
    const missing = await workplace.run(['run', 'workspace.yaml', '--workspace', 'source=nowhere']);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /--workspace source: nowhere is not a folder/);
  });

  it("ends a run at --timeout with Tekton's reason, its steps too", async () => {
    const mark = `timed-${process.pid}`;
    workplace.write('slow.yaml', documents(pipelineRun('slow', [shellTask('sleep', `sh -c 'sleep 600; :' ${mark}`)])));
    const { code, stdout } = await workplace.run(['run', 'slow.yaml', '--timeout', '4s']);
    assert.equal(code, 1);
    assert.match(stdout, /✗ PipelineRun slow failed/);
    assert.match(stdout, /failed to finish within "4s"/);
    assert.match(stdout, /sleep .*\((?:TaskRunTimeout|TaskRunCancelled)\)/);
    assert.deepEqual(processesWith(mark), []);
    const wrong = await workplace.run(['run', 'slow.yaml', '--timeout', 'soon']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--timeout soon is not a duration\n {2}write it as 90s, 10m or 1h30m/);
  });

  it('refuses the container runtime and says what to use', async () => {
    workplace.write('one.yaml', documents(saying('one')));
    const { code, stdout, stderr } = await workplace.run(['run', 'one.yaml', '--runtime', 'container']);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /the container runtime is not supported yet\n {2}use --runtime process/);
  });

  it('says what to do about a step without command and script', async () => {
    mkdirSync(workplace.path('bare'), { recursive: true });
    const steps = [{ name: 'entry', image: 'docker.io/library/hello-world' }];
    workplace.write('bare/run.yaml', documents(pipelineRun('bare', [{ name: 'it', taskSpec: { steps } }])));
    const { code, stdout } = await workplace.run(['run', 'bare']);
    assert.equal(code, 1);
    assert.match(stdout, /step-entry: the process runtime needs command or script: it has no image "docker\.io/);
  });

  it('runs what is written as pending, and says so', async () => {
    const held = pipelineRun('held', [shellTask('say', 'echo let go')], { status: 'PipelineRunPending' });
    workplace.write('held.yaml', documents(held));
    const { code, stdout, stderr } = await workplace.run(['run', 'held.yaml']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /let go/);
    assert.match(stderr, /^note: PipelineRun held is written as pending; it is run all the same$/m);
  });

  it('reads from a pipe, as of <(command)', async () => {
    const pipe = workplace.path('pipe');
    execFileSync('mkfifo', [pipe]);
    // Who opens a pipe waits for the other side: not in this process, which could not end if the other side died.
    const writer = spawn('sh', ['-c', 'cat > "$0"', pipe], { stdio: ['pipe', 'ignore', 'ignore'] });
    writer.stdin.end(documents(saying('piped')));
    const { code, stdout, stderr } = await workplace.run(['run', '-f', pipe]);
    writer.kill();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /piped speaks/);
  });

  it('says what to do when there is no room for temporary files', async () => {
    workplace.write('one.yaml', documents(saying('one')));
    const environment = { TMPDIR: workplace.path('nowhere') };
    const { code, stdout, stderr } = await workplace.run(['run', 'one.yaml'], { environment });
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^error: no folder can be made in .*nowhere: ENOENT.*\n {2}set TMPDIR to a folder/);
  });

  it('takes a folder for temporary files that is named from where it stands', async () => {
    workplace.write('one.yaml', documents(saying('one')));
    const { code, stdout, stderr } = await workplace.run(['run', 'one.yaml'], { environment: { TMPDIR: 'tmp' } });
    assert.equal(code, 0, stdout + stderr);
  });

  it('tells a standard output that cannot be written, which is no success', { skip: noFullDisk }, () => {
    workplace.write('one.yaml', documents(saying('one')));
    const full = openSync('/dev/full', 'w');
    try {
      const words = [launcher, 'run', workplace.path('one.yaml')];
      const { status, stderr } = spawnSync(process.execPath, words, {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
        env: { ...process.env, TMPDIR: workplace.temporary },
      });
      assert.equal(stderr, 'error: standard output cannot be written: ENOSPC: no space left on device, write\n');
      assert.equal(status, 2);
    } finally {
      closeSync(full);
    }
  });

  it('leaves nothing in the folder for temporary files', () => {
    assert.deepEqual(workplace.leftovers(), []);
  });
});
