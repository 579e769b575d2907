/** Who may call a simulated GitHub: an App with its installation, and a person with a token. */
import { generateKeyPairSync, randomBytes, verify, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../../src/base/clock.ts';
import { isJsonObject } from '../../../../src/base/json.ts';
import type { HostAnswer, HostRequest } from '../host-server.ts';

/** Life of an installation's token, in milliseconds. */
export const tokenMs: number = 60 * 60_000;

/** What a call may do. */
export type Caller =
  | { readonly kind: 'app' }
  | {
      readonly kind: 'installation';
      /** Lower case; absent = all. */
      readonly repositories: ReadonlySet<string> | undefined;
      readonly permissions: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'user'; readonly login: string };

/** Permissions the App was given. */
export const appPermissions: Readonly<Record<string, string>> = {
  checks: 'write',
  contents: 'read',
  issues: 'write',
  members: 'read',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
};

let keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined;

/** One key pair for all hosts of a process: making one takes a moment. */
function keyPair() {
  keys ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return keys;
}

interface IssuedToken {
  readonly caller: Caller;
  readonly expiresAtMs: number;
}

export class GithubAccounts {
  readonly applicationId = 4711;
  readonly installationId = 815;
  readonly slug = 'penstock-test';
  readonly userLogin = 'penstock-bot';
  readonly userToken: string = `ghp_${randomBytes(18).toString('hex')}`;
  readonly privateKey: string;
  readonly #publicKey: KeyObject;
  readonly #clock: Clock;
  readonly #issued = new Map<string, IssuedToken>();

  constructor(clock: Clock) {
    const { publicKey, privateKey } = keyPair();
    this.privateKey = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    this.#publicKey = publicKey;
    this.#clock = clock;
  }

  /** Who calls, or the refusal: 401 as GitHub words it. */
  callerOf(request: HostRequest): Caller | string {
    const [scheme = '', token = ''] = (request.headers['authorization'] ?? '').split(' ');
    if (!/^(?:bearer|token)$/i.test(scheme)) return 'Requires authentication';
    if (token === this.userToken) return { kind: 'user', login: this.userLogin };
    if (token.split('.').length === 3) return this.#appOf(token);
    const issued = this.#issued.get(token);
    return issued === undefined || issued.expiresAtMs <= this.#clock.now() ? 'Bad credentials' : issued.caller;
  }

  /** Verified as RFC 7519 and GitHub's documentation say: RS256, our id, at most ten minutes. */
  #appOf(token: string): Caller | string {
    const [head = '', body = '', signature = ''] = token.split('.');
    const header = decoded(head);
    const claims = decoded(body);
    const seconds = this.#clock.now() / 1000;
    const genuine = verify(
      'RSA-SHA256',
      Buffer.from(`${head}.${body}`),
      this.#publicKey,
      Buffer.from(signature, 'base64url'),
    );
    if (header?.['alg'] !== 'RS256' || !genuine) return 'A JSON web token could not be decoded';
    const issued = Number(claims?.['iat']);
    const expires = Number(claims?.['exp']);
    if (String(claims?.['iss']) !== String(this.applicationId)) return 'Integration not found';
    if (!(issued <= seconds))
      return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    if (!(expires > seconds))
      return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
    if (expires - seconds > 600) return "'Expiration time' claim ('exp') is too far in the future";
    return { kind: 'app' };
  }

  /** A token of the installation, narrowed as asked. */
  issue(
    repositories: readonly string[] | undefined,
    permissions: Readonly<Record<string, string>> | undefined,
  ): HostAnswer {
    const token = `ghs_${randomBytes(18).toString('hex')}`;
    const expiresAtMs = this.#clock.now() + tokenMs;
    const granted = permissions ?? appPermissions;
    const names = repositories === undefined ? undefined : new Set(repositories.map((name) => name.toLowerCase()));
    this.#issued.set(token, {
      caller: { kind: 'installation', repositories: names, permissions: granted },
      expiresAtMs,
    });
    return {
      status: 201,
      json: {
        token,
        expires_at: new Date(expiresAtMs).toISOString(),
        permissions: granted,
        repository_selection: repositories === undefined ? 'all' : 'selected',
      },
    };
  }

  /** All tokens that were issued are refused from now on. */
  revokeTokens(): void {
    this.#issued.clear();
  }
}

function decoded(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
