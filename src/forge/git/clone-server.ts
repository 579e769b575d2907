/**
 * Plain repositories for steps: those of this machine, and the copies of those behind SSH, can be cloned over HTTP with a
 * token that is good for one of them. A step in a container or a sandbox sees neither the machine's folders nor its SSH keys.
 */
import type { Clock } from '../../base/clock.ts';
import { ForgeError, type GitCredential } from '../forge.ts';
import type { Project } from '../git-event.ts';
import { cloneToken, cloneTokenMsMax, isCloneToken } from './clone-token.ts';
import type { GitSurroundings } from './git-program.ts';
import { uploadPack } from './upload-pack.ts';

const userName = 'penstock';

/** A request below the server's address. */
export interface CloneRequest {
  readonly method: string;
  /** From the address on: `/<repository>/info/refs`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface CloneAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> | string;
}

export interface CloneServerOptions {
  readonly clock: Clock;
  readonly surroundings: GitSurroundings;
  /** What tokens are made with; the same key takes the tokens of an earlier process. */
  readonly key: string;
}

/** Serves clones. */
export class CloneServer {
  /** Where {@link handle} is reached: set once something listens. */
  address: string | undefined;
  /** The git directory of a project, as it is now; set by who knows repositories. */
  directoryOf: (project: Project) => Promise<string> = noRepositories;
  readonly #options: CloneServerOptions;

  constructor(options: CloneServerOptions) {
    this.#options = options;
  }

  /** Where a step clones the project from; undefined while nothing listens. */
  cloneUrl(project: Project): string | undefined {
    if (this.address === undefined) return undefined;
    return `${this.address}/${Buffer.from(project.url).toString('base64url')}/${encodeURIComponent(project.name)}.git`;
  }

  credential(project: Project): GitCredential | undefined {
    if (this.address === undefined) return undefined;
    const expiresAtMs = this.#options.clock.now() + cloneTokenMsMax;
    const token = cloneToken(this.#options.key, project.url, expiresAtMs);
    return { username: userName, token, expiresAt: new Date(expiresAtMs).toISOString() };
  }

  /** Answers one request of git. Never throws. */
  async handle(request: CloneRequest): Promise<CloneAnswer> {
    const [, encoded = '', name = '', service = ''] = /^\/([\w-]+)\/([^/]+)\.git\/(.+)$/.exec(request.path) ?? [];
    const url = Buffer.from(encoded, 'base64url').toString('utf8');
    // Whoever has no token learns nothing, not even which repositories there are.
    if (
      !isCloneToken(this.#options.key, url, passwordOf(request.headers['authorization']), this.#options.clock.now())
    ) {
      const headers = { 'www-authenticate': 'Basic realm="Penstock", charset="UTF-8"' };
      return { status: 401, headers, body: 'a token of a run is needed\n' };
    }
    try {
      const project = { url, owner: '', name: decodeURIComponent(name) };
      return await this.#answer(request, service, project);
    } catch (thrown) {
      if (!(thrown instanceof ForgeError)) throw thrown;
      return { status: thrown.problem === 'refused' ? 404 : 503, headers: {}, body: `${thrown.message}\n` };
    }
  }

  async #answer(request: CloneRequest, service: string, project: Project): Promise<CloneAnswer> {
    const advertise = service === 'info/refs' && request.method === 'GET';
    if (advertise && request.query['service'] !== 'git-upload-pack') {
      return { status: 403, headers: {}, body: 'only fetching is possible here\n' };
    }
    if (!advertise && !(service === 'git-upload-pack' && request.method === 'POST')) {
      return { status: 404, headers: {}, body: 'this is no part of cloning\n' };
    }
    const gitDirectory = await this.directoryOf(project);
    const protocol = request.headers['git-protocol'];
    const call = { gitDirectory, signal: request.signal, ...(protocol === undefined ? {} : { protocol }) };
    const kind = advertise ? 'advertisement' : 'result';
    return {
      status: 200,
      headers: { 'content-type': `application/x-git-upload-pack-${kind}`, 'cache-control': 'no-cache' },
      body: uploadPack(
        advertise ? { ...call, service: 'advertise' } : { ...call, service: 'exchange', body: request.body },
        this.#options,
      ),
    };
  }
}

function noRepositories(project: Project): Promise<never> {
  return Promise.reject(new ForgeError('refused', `${project.url}: there are no plain repositories here`));
}

function passwordOf(authorization: string | undefined): string {
  const [, encoded = ''] = /^Basic +(\S+)$/i.exec(authorization ?? '') ?? [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}
