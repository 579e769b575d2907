/** `penstock serve` as a process, and its clients: kubectl, and ours over HTTP. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../src/base/system-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import { readKubeconfig } from '../../src/client/kubeconfig.ts';
import { isApiError } from '../../src/kube/api-error.ts';
import { persistentVolumeClaims } from '../../src/kube/core-types.ts';
import type { ObjectKey } from '../../src/kube/object.ts';
import { type HttpTransport, createHttpTransport } from '../../src/net/http-transport.ts';
import { type PipelineRun, type PipelineTask, type TaskRun, pipelineRuns, taskRuns } from '../../src/tekton/types.ts';
import type { PenstockProcess, Workplace } from './penstock-process.ts';
import { pipelineRun, shellSpec } from './run-manifests.ts';
import { waitUntil } from './wait-until.ts';

/** What a command has done. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server that is ready. */
export class PenstockServer implements AsyncDisposable {
  readonly process: PenstockProcess;
  readonly directory: string;
  readonly transport: HttpTransport;
  readonly client: ApiClient;

  private constructor(process: PenstockProcess, directory: string) {
    const file = `${directory}/kubeconfig`;
    const access = readKubeconfig({
      text: readFileSync(file, 'utf8'),
      file,
      readFile: (path) => readFileSync(path, 'utf8'),
    });
    this.process = process;
    this.directory = directory;
    this.transport = createHttpTransport({ ...access, clock: systemClock });
    this.client = createClient(this.transport);
  }

  /** Starts `penstock serve` on the folder `data` of a workplace, and waits until it is ready. */
  static async start(
    workplace: Workplace,
    { data = 'data', flags = [] }: { readonly data?: string; readonly flags?: readonly string[] } = {},
  ): Promise<PenstockServer> {
    const directory = workplace.path(data);
    const process = workplace.start(['serve', '--port', '0', '--data', directory, ...flags]);
    await process.until(/^Use it with: /m);
    return new PenstockServer(process, directory);
  }

  /** Runs the real kubectl with the kubeconfig that the server wrote; `stdin` is what `-f -` reads. */
  async kubectl(args: readonly string[], stdin = ''): Promise<Finished> {
    const env = { PATH: '/usr/bin:/bin', HOME: this.directory, KUBECONFIG: `${this.directory}/kubeconfig` };
    const child = spawn('kubectl', args, { env, stdio: 'pipe' });
    child.stdin.end(stdin);
    const ended = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = (await ended) as [number | null];
    return { code, stdout, stderr };
  }

  /** Creates a run; resolves once the server has accepted it. */
  async accept(run: PipelineRun): Promise<ObjectKey> {
    const created = await this.client.create(pipelineRuns, {
      ...run,
      metadata: { namespace: 'default', ...run.metadata },
    });
    return { namespace: 'default', name: created.metadata.name ?? '' };
  }

  /** The run, once it is over. */
  async whenOver(key: ObjectKey): Promise<PipelineRun> {
    let run = await this.client.get(pipelineRuns, key);
    const isOver = async (): Promise<boolean> => {
      run = await this.client.get(pipelineRuns, key);
      return run.status?.completionTime !== undefined;
    };
    await waitUntil(`run ${key.name} is over`, isOver, {
      seen: () => ({ run: run.status, server: this.process.stderr }),
    });
    return run;
  }

  /** The TaskRuns of a run, by the name of the task. */
  async taskRunsOf({ namespace, name }: ObjectKey): Promise<ReadonlyMap<string, TaskRun>> {
    const { items } = await this.client.list(taskRuns, {
      ...(namespace === undefined ? {} : { namespace }),
      labelSelector: `tekton.dev/pipelineRun=${name}`,
    });
    return new Map(items.map((item) => [item.metadata.labels?.['tekton.dev/pipelineTask'] ?? '', item]));
  }

  /** Resolves once the log of a step of `pod` holds `word`. */
  async whenLogged(name: string, container: string, word: string): Promise<void> {
    let log = '';
    const isThere = async (): Promise<boolean> => {
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of this.client.podLog({ namespace: 'default', name }, { container })) chunks.push(chunk);
      } catch (thrown) {
        // There is no log before there is a pod and its container has started.
        if (!isApiError(thrown, 'NotFound') && !isApiError(thrown, 'BadRequest')) throw thrown;
      }
      log = Buffer.concat(chunks).toString('utf8');
      return log.includes(word);
    };
    await waitUntil(`the log of ${name} holds "${word}"`, isThere, { seen: () => log });
  }

  /** Makes a claim, whose folder outlives pods and servers. */
  async createClaim(name: string): Promise<Notebook> {
    const claim = await this.client.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace: 'default', name },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
    });
    return new Notebook(name, `${this.directory}/volumes/default/${claim.metadata.uid}`);
  }

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    this.transport.close();
    await this.process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** A folder in which each step that runs leaves a line, so that it shows what ran, and how often. */
export class Notebook {
  readonly claim: string;
  readonly #folder: string;

  constructor(claim: string, folder: string) {
    this.claim = claim;
    this.#folder = folder;
  }

  /** A PipelineRun with the notebook in every task, as workspace `notes`. */
  run(name: string, tasks: readonly PipelineTask[]): PipelineRun {
    const workspaces = [{ name: 'notes' }];
    const withNotes = tasks.map((task) => ({ ...task, workspaces }));
    return pipelineRun(name, withNotes, {
      pipelineSpec: { tasks: withNotes, workspaces },
      workspaces: [{ name: 'notes', persistentVolumeClaim: { claimName: this.claim } }],
    });
  }

  /** A task that notes that it runs, and then runs `script`. */
  task(run: string, name: string, script: string, rest: Partial<PipelineTask> = {}): PipelineTask {
    const note = `echo ran >> "$(workspaces.notes.path)/${run}.${name}"`;
    const taskSpec = shellSpec(`${note}\n${script}`, { workspaces: [{ name: 'notes' }] });
    return { name, taskSpec, ...rest };
  }

  /** How often a task ran. */
  count(run: string, task: string): number {
    const path = `${this.#folder}/${run}.${task}`;
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').length : 0;
  }
}
