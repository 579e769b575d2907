/** How a check came out. `warn`: it may be as it should, or will matter later. */
export type FindingLevel = 'ok' | 'warn' | 'fail';

/** What a check found. Never holds the value of a secret. */
export interface Finding {
  /** `server`, or a Repository, `namespace/name`. */
  readonly about: string;
  /** What was checked, in a word or two. */
  readonly check: string;
  readonly level: FindingLevel;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** What `penstock doctor` is to look at. */
export interface DoctorQuestion {
  readonly server: { readonly kubeconfig?: string; readonly context?: string };
  /** `namespace/name`, or a name; absent = all. */
  readonly repository?: string;
  /** Where Penstock keeps what is its own; absent = where it is found. */
  readonly systemNamespace?: string;
}
