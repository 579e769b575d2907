/** The real kubectl, run against a listener of ours. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Listener } from '../../src/server/listener.ts';

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
  constructor(listener: Listener, { certificate, token }: { readonly certificate: string; readonly token: string }) {
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
  async run(args: readonly string[], { stdin = '' }: { readonly stdin?: string } = {}): Promise<KubectlResult> {
    const home = ['--kubeconfig', path.join(this.#folder, 'config'), '--cache-dir', path.join(this.#folder, 'cache')];
    const child = spawn('kubectl', [...home, ...args], { stdio: 'pipe' });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.end(stdin);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
    return { code: await promise, stdout, stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
