import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';

/** A key of a Secret in the namespace of who names it. */
export interface SecretKeyReference {
  readonly name: string;
  readonly key?: string;
}

export interface GitProvider {
  readonly type?: 'github' | 'gitlab' | 'bitbucket-datacenter' | 'bitbucket-cloud' | 'gitea' | 'forgejo' | 'git';
  readonly url?: string;
  readonly user?: string;
  /** Default key `provider.token`. */
  readonly secret?: SecretKeyReference;
  /** Default key `webhook.secret`. */
  readonly webhook_secret?: SecretKeyReference;
}

export interface IncomingHook {
  readonly type: 'webhook-url';
  /** Default key `secret`. */
  readonly secret: SecretKeyReference;
  readonly params?: readonly string[];
  readonly targets?: readonly string[];
}

export interface CustomParam {
  readonly name: string;
  readonly value?: string;
  readonly secret_ref?: SecretKeyReference;
  readonly filter?: string;
}

/** Ours: starts definitions at given times. */
export interface Schedule {
  readonly name: string;
  /** Five fields, or `@daily` and the like. */
  readonly cron: string;
  /** IANA name; `UTC` by default. */
  readonly timeZone?: string;
  /** The default branch by default. */
  readonly branch?: string;
  /** Name of the definition; absent = all that match `on-event: [schedule]`. */
  readonly pipelineRun?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly suspend?: boolean;
}

type CommentStrategy = '' | 'update' | 'disable_all';

export interface RepositorySettings {
  readonly github_app_token_scope_repos?: readonly string[];
  readonly pipelinerun_provenance?: 'source' | 'default_branch';
  readonly policy?: { readonly ok_to_test?: readonly string[]; readonly pull_request?: readonly string[] };
  readonly github?: { readonly comment_strategy?: CommentStrategy };
  readonly gitlab?: { readonly comment_strategy?: CommentStrategy };
  readonly forgejo?: { readonly comment_strategy?: CommentStrategy; readonly user_agent?: string };
}

export interface RepositorySpec {
  readonly url?: string;
  readonly concurrency_limit?: number;
  readonly git_provider?: GitProvider;
  readonly incoming?: readonly IncomingHook[];
  readonly params?: readonly CustomParam[];
  readonly settings?: RepositorySettings;
  readonly schedules?: readonly Schedule[];
}

/** `pipelinesascode.tekton.dev/v1alpha1` Repository. Fields as published; `schedules` and the type `git` are ours. */
export interface Repository extends KubeObject {
  readonly spec?: RepositorySpec;
}

export const repositories: ResourceType<Repository> = {
  group: 'pipelinesascode.tekton.dev',
  version: 'v1alpha1',
  resource: 'repositories',
  kind: 'Repository',
  namespaced: true,
};

/** Name of the ConfigMap, in Penstock's own namespace, in which schedules note how far they are. */
export const scheduleMemoryName = 'penstock-schedules';
