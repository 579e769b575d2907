import { ForgeError } from '../../forge/forge.ts';
import type { Finding, FindingLevel } from '../../cli/doctor/finding.ts';
import { UserError, errorText } from '../../base/errors.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { ConnectionError } from '../../net/connection-error.ts';

/** Takes what is found about one thing. */
export class Examination {
  readonly #about: string;
  readonly #tell: (finding: Finding) => void;

  constructor(about: string, tell: (finding: Finding) => void) {
    this.#about = about;
    this.#tell = tell;
  }

  ok(check: string, message: string): void {
    this.#found(check, 'ok', message);
  }

  warn(check: string, message: string, remedy?: string): void {
    this.#found(check, 'warn', message, remedy);
  }

  fail(check: string, message: string, remedy?: string): void {
    this.#found(check, 'fail', message, remedy);
  }

  /** What a check threw that a person can do something about; everything else is thrown on. */
  thrown(check: string, thrown: unknown): void {
    if (thrown instanceof UserError) this.fail(check, thrown.message, thrown.remedy);
    else if (thrown instanceof ForgeError) this.#forgeProblem(check, thrown);
    else if (thrown instanceof ApiStatusError) this.fail(check, `the server answers: ${thrown.message}`);
    else if (thrown instanceof ConnectionError) this.fail(check, thrown.message);
    else throw thrown;
  }

  #forgeProblem(check: string, error: ForgeError): void {
    if (error.problem === 'rate-limited') this.warn(check, error.message, remedies[error.problem]);
    else this.fail(check, errorText(error), remedies[error.problem]);
  }

  #found(check: string, level: FindingLevel, message: string, remedy?: string): void {
    this.#tell({ about: this.#about, check, level, message, ...(remedy === undefined ? {} : { remedy }) });
  }
}

const remedies: Readonly<Record<ForgeError['problem'], string>> = {
  unavailable: 'check the address, and whether the host can be reached from here',
  'rate-limited': 'the host asks for quiet; look again later',
  unauthorized: 'the token, or the key of the App, is wrong or has expired: store a new one',
  forbidden: 'give the token, or the App, the rights that docs/events.md lists for this host',
  refused: 'check spec.url and spec.git_provider',
  'too-large': 'make .tekton smaller',
  'bad-answer': 'check spec.git_provider.type and .url: what answers there may be another host',
};
