/** Something to mend, with its place. */
export interface ShownProblem {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly field?: string;
  readonly message: string;
}

/** What one rule of a definition wants and what was found. */
export interface ShownRule {
  readonly rule: string;
  readonly wanted: string;
  readonly found: string;
  readonly ok: boolean;
}

export interface ShownDefinition {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly matched: boolean;
  readonly by: string;
  readonly rules: readonly ShownRule[];
  readonly problem?: ShownProblem;
  readonly warnings: readonly ShownProblem[];
}

export interface ShownEvent {
  readonly summary: string;
  readonly sha?: string;
  /** Why nothing runs, whatever matches. */
  readonly nothing?: string;
  readonly notes: readonly string[];
  readonly definitions: readonly ShownDefinition[];
}

/** What `penstock match` shows. */
export interface ShownExplanation {
  readonly events: readonly ShownEvent[];
  readonly ignored?: string;
  readonly problems: readonly ShownProblem[];
}

/** What is to be explained. */
export interface MatchQuestion {
  /** Root of the working tree whose `.tekton` is read. */
  readonly directory: string;
  /** The event in a file (`-` = standard input); else the pull request of this number, asked of its Git host. */
  readonly event:
    | { readonly file: string; readonly headers?: string; readonly provider?: MatchProvider }
    | {
        readonly pullRequest: number;
        readonly repository?: string;
        readonly server: { readonly kubeconfig?: string; readonly context?: string };
        readonly systemNamespace?: string;
      };
  /** Paths that changed; absent = what git, or the host, says. */
  readonly changedFiles?: readonly string[];
  /** Namespace of the Repository; absent = for each definition the one it names. */
  readonly namespace?: string;
  /** Params as the Repository would have them. */
  readonly params: Readonly<Record<string, string>>;
}

/** Hosts whose webhooks can be in a file, by the names of `git_provider.type`. */
export const matchProviders = [
  'github',
  'gitlab',
  'gitea',
  'forgejo',
  'bitbucket-cloud',
  'bitbucket-datacenter',
] as const;
export type MatchProvider = (typeof matchProviders)[number];
