/** The real kubectl, run against a listener of ours. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Listener } from '../../src/server/listener.ts';
import { waitUntil } from './wait-until.ts';

/** Why tests with kubectl are skipped; false when there is one on the PATH. */
export const noKubectl: string | false =
  spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'no kubectl on the PATH';

/** What a command did. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A kubectl with a home of its own: kubeconfig and cache live in a temporary folder that goes with it. */
export class Kubectl implements Disposable {
  readonly #folder: string;

  /** `certificate` is the PEM that `listener` shows; `token` who the user is. */
  constructor(
    listener: Pick<Listener, 'url'>,
    { certificate, token }: { readonly certificate: string; readonly token: string },
  ) {
    this.#folder = mkdtempSync(path.join(tmpdir(), 'penstock-kubectl-'));
    const authority = Buffer.from(certificate).toString('base64');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: listener.url, 'certificate-authority-data': authority } }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    };
    writeFileSync(path.join(this.#folder, 'config'), JSON.stringify(config));
  }

  /** Runs `kubectl ARGS`; `stdin` is what `-f -` reads. A command that fails is a result, too. */
  async run(
    args: readonly string[],
    options: { readonly stdin?: string; readonly environment?: Readonly<Record<string, string>> } = {},
  ): Promise<KubectlResult> {
    const running = this.start(args, options);
    return { code: await running.ended, stdout: running.stdout, stderr: running.stderr };
  }

  /** Starts a command that goes on until it is stopped, such as a watch. */
  start(
    args: readonly string[],
    {
      stdin = '',
      environment = {},
    }: { readonly stdin?: string; readonly environment?: Readonly<Record<string, string>> } = {},
  ): RunningKubectl {
    const home = ['--kubeconfig', path.join(this.#folder, 'config'), '--cache-dir', path.join(this.#folder, 'cache')];
    const env = { PATH: '/usr/bin:/bin', HOME: this.#folder, ...environment };
    return new RunningKubectl(spawn('kubectl', [...home, ...args], { stdio: 'pipe', env }), stdin);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A kubectl that runs. */
export class RunningKubectl {
  readonly #child: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  /** Its exit code, once it has ended; -1 when it was stopped. */
  readonly ended: Promise<number>;

  constructor(child: ChildProcessWithoutNullStreams, stdin: string) {
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    child.stdin.end(stdin);
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? -1));
    });
  }

  /** Resolves once its output matches; rejects when it ends before. */
  async until(pattern: RegExp): Promise<void> {
    const isSaid = (): boolean => {
      if (pattern.test(this.stdout)) return true;
      if (this.#child.exitCode !== null) throw new Error(`kubectl ended: ${this.stdout}${this.stderr}`);
      return false;
    };
    await waitUntil(`kubectl says ${pattern}`, isSaid, { seen: () => ({ stdout: this.stdout, stderr: this.stderr }) });
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.ended;
  }
}
