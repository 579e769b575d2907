import type { GitProvider, Repository, RepositorySettings, RepositorySpec } from '../kinds/repository.ts';

/** A Repository together with what it takes from the global one. */
export interface CompleteRepository {
  readonly spec: RepositorySpec;
  /** Namespaces in which the secrets are that the parts of `spec` name. */
  readonly secretNamespaces: {
    readonly token: string;
    readonly webhook: string;
    readonly incoming: string;
    readonly params: string;
  };
}

/**
 * The Repository with the defaults of the global one, as published: the concurrency limit, incoming hooks and params where it
 * has none; settings where it has a `settings` block; provider fields where it has a `git_provider` block of the same type.
 * A secret is looked up in the namespace of the Repository that names it. Neither object is changed.
 */
export function withDefaults(repository: Repository, global: Repository | undefined): CompleteRepository {
  const local = repository.spec ?? {};
  const defaults = global?.spec ?? {};
  const own = repository.metadata.namespace ?? '';
  const globalNamespace = global?.metadata.namespace ?? own;
  const provider = local.git_provider;
  const sameType = provider !== undefined && provider.type === defaults.git_provider?.type;
  const providerDefaults: GitProvider = sameType ? (defaults.git_provider ?? {}) : {};
  return {
    spec: {
      ...pick(defaults, ['concurrency_limit', 'incoming', 'params']),
      ...local,
      ...(provider === undefined ? {} : { git_provider: { ...providerDefaults, ...provider } }),
      ...(local.settings === undefined ? {} : { settings: settingsWith(local.settings, defaults.settings ?? {}) }),
    },
    secretNamespaces: {
      token: provider?.secret === undefined && providerDefaults.secret !== undefined ? globalNamespace : own,
      webhook:
        provider?.webhook_secret === undefined && providerDefaults.webhook_secret !== undefined ? globalNamespace : own,
      incoming: local.incoming === undefined && defaults.incoming !== undefined ? globalNamespace : own,
      params: local.params === undefined && defaults.params !== undefined ? globalNamespace : own,
    },
  };
}

/** How comments are made on GitHub and GitLab is each Repository's own affair. */
function settingsWith(local: RepositorySettings, defaults: RepositorySettings): RepositorySettings {
  const taken = pick(defaults, ['github_app_token_scope_repos', 'pipelinerun_provenance', 'policy', 'forgejo']);
  return { ...taken, ...local };
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]]))) as Pick<T, K>;
}
