/** What a GitHub App proves itself with. */
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { fromRfc3339, type Clock } from '../../base/clock.ts';
import { readAnswer } from '../calls/read-answer.ts';
import type { ForgeCredential } from '../forge-directory.ts';
import { ForgeError } from '../forge.ts';
import type { Project } from '../git-event.ts';

/** The App of an access. */
export type AppCredential = Extract<ForgeCredential, { readonly type: 'github-app' }>;

/** A token of an installation. */
export interface InstallationToken {
  readonly token: string;
  readonly expiresAt: string;
}

/** Calls the API as the App itself, with the given JSON Web Token. */
export type AskAsApp = (
  route: AppRoute,
  parameters: Readonly<Record<string, unknown>>,
  jwt: string,
) => Promise<unknown>;

type AppRoute =
  | 'GET /repos/{owner}/{repo}/installation'
  | 'POST /app/installations/{installation_id}/access_tokens'
  | 'GET /app';

/** Life of a JSON Web Token; GitHub takes at most ten minutes. In seconds. */
const jwtSeconds = 540;
/** The token is dated back, as clocks differ. In seconds. */
const clockSkewSeconds = 60;
/** A token that ends sooner is replaced, in milliseconds: a call may wait for its budget. */
const remainingMsMin = 5 * 60_000;
/** Repositories whose tokens are kept. */
const keptTokensMax = 500;

/**
 * The tokens of one App. Ours rather than `@octokit/auth-app`: that reads the system's clock, and shares requests that are
 * under way between all Apps and hosts of the process by the number of the installation alone.
 */
export class AppTokens {
  readonly #credential: AppCredential;
  readonly #clock: Clock;
  readonly #ask: AskAsApp;
  readonly #key: KeyObject;
  readonly #kept = new Map<string, Promise<InstallationToken>>();
  readonly #installations = new Map<string, Promise<number>>();

  /** Throws `ForgeError` `unauthorized` when the key is none. */
  constructor(options: { readonly credential: AppCredential; readonly clock: Clock; readonly ask: AskAsApp }) {
    this.#credential = options.credential;
    this.#clock = options.clock;
    this.#ask = options.ask;
    this.#key = privateKeyOf(options.credential);
  }

  /** A token that reaches this project and no other of the installation; the same for all calls until it is about to end. */
  async tokenFor(project: Project): Promise<string> {
    const key = keyOf(project);
    const kept = this.#kept.get(key);
    const known = await kept?.catch(() => undefined);
    if (known !== undefined && this.#remainingMs(known) > remainingMsMin) return known.token;
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
    // Somebody else may have begun to fetch one while we waited.
    const token = this.#kept.get(key) ?? this.#keep(key, this.mint(project, [project.name]));
    return (await token).token;
  }

  /** Forgets a token that was refused. */
  forget(project: Project): void {
    this.#kept.delete(keyOf(project));
  }

  /** A new token for some repositories of the project's owner, or all; with all permissions of the App when none are named. */
  async mint(
    project: Project,
    repositories: readonly string[] | undefined,
    permissions?: Readonly<Record<string, 'read' | 'write'>>,
  ): Promise<InstallationToken> {
    const parameters = {
      installation_id: await this.#installationOf(project),
      ...(repositories === undefined ? {} : { repositories: [...repositories] }),
      ...(permissions === undefined ? {} : { permissions }),
    };
    const answer = await this.asApp('POST /app/installations/{installation_id}/access_tokens', parameters);
    return readAnswer('a token of the installation', answer, (reader) => ({
      token: reader.text('token'),
      expiresAt: reader.text('expires_at'),
    }));
  }

  /** Calls the API as the App itself. */
  asApp(route: AppRoute, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.#ask(route, parameters, this.#jwt());
  }

  #installationOf(project: Project): Promise<number> {
    if (this.#credential.installationId !== undefined) return Promise.resolve(this.#credential.installationId);
    const key = keyOf(project);
    const known = this.#installations.get(key);
    if (known !== undefined) return known;
    const found = this.#findInstallation(project);
    this.#installations.set(key, found);
    // Not kept: the App may be installed a minute later.
    found.catch(() => this.#installations.delete(key));
    return found;
  }

  async #findInstallation({ owner, name }: Project): Promise<number> {
    try {
      const answer = await this.asApp('GET /repos/{owner}/{repo}/installation', { owner, repo: name });
      return readAnswer(`the installation at ${owner}/${name}`, answer, (reader) => reader.number('id'));
    } catch (thrown) {
      if (!(thrown instanceof ForgeError && thrown.status === 404)) throw thrown;
      const message = `the GitHub App ${this.#credential.applicationId} is not installed at ${owner}/${name}`;
      throw new ForgeError('forbidden', message, { cause: thrown });
    }
  }

  #remainingMs(token: InstallationToken): number {
    return (fromRfc3339(token.expiresAt) ?? 0) - this.#clock.now();
  }

  #keep(key: string, token: Promise<InstallationToken>): Promise<InstallationToken> {
    this.#kept.set(key, token);
    token.catch(() => {
      if (this.#kept.get(key) === token) this.#kept.delete(key);
    });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > keptTokensMax && oldest !== undefined) this.#kept.delete(oldest);
    return token;
  }

  /** RFC 7519, signed with RS256 as GitHub wants it. */
  #jwt(): string {
    const seconds = Math.floor(this.#clock.now() / 1000);
    const claims = {
      iat: seconds - clockSkewSeconds,
      exp: seconds + jwtSeconds - clockSkewSeconds,
      iss: String(this.#credential.applicationId),
    };
    const text = `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url(claims)}`;
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), this.#key).toString('base64url')}`;
  }
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function keyOf({ owner, name }: Project): string {
  return `${owner}/${name}`.toLowerCase();
}

function privateKeyOf(credential: AppCredential): KeyObject {
  try {
    return createPrivateKey(credential.privateKey);
  } catch (thrown) {
    // The cause is left out: it may quote the key.
    const why = thrown instanceof Error && 'code' in thrown ? ` (${String(thrown.code)})` : '';
    throw new ForgeError('unauthorized', `the private key of the GitHub App cannot be read${why}`);
  }
}
