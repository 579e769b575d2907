/** The settings of the ConfigMap `pipelines-as-code`: the published keys, and ours. */

/** Name of the ConfigMap, in Penstock's own namespace. */
export const settingsConfigMap = 'pipelines-as-code';

/** Name of the Secret, in Penstock's own namespace, with the key by which links to its pages are signed. */
export const detailsSecretName = 'penstock-details';

/** Where names like `git-clone` in the annotation `task` are looked up. */
export interface Catalog {
  /** What stands before `://`; `default` is asked for names without it. */
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** undefined = found out by asking the hub. */
  readonly type?: 'artifacthub' | 'tektonhub';
}

/** A console of the operator's own; the URLs are templates of `{{ namespace }}`, `{{ pr }}`, `{{ task }}`, `{{ pod }}` and params. */
export interface CustomConsole {
  readonly name: string;
  readonly url: string;
  readonly runUrl?: string;
  readonly taskLogUrl?: string;
  readonly namespaceUrl?: string;
}

/** Which runs of one definition and commit share a context at the host. */
export type ContextScope = 'full' | 'event' | 'none';

export interface Settings {
  readonly applicationName: string;
  /** `full`: one a pull request, branch or tag; `event`: one for all pull requests, one for all pushes; `none`: one. */
  readonly statusContextScope: ContextScope;
  readonly gitAuthSecret: boolean;
  /** The token for cloning reaches the event's repository (and the named ones) only. */
  readonly tokenScoped: boolean;
  readonly tokenFurtherRepositories: readonly string[];
  readonly catalogs: readonly Catalog[];
  readonly remoteTasks: boolean;
  readonly dashboardUrl?: string;
  readonly console?: CustomConsole;
  /** Ours: where Penstock's own pages are; what a status links to when there is no dashboard or console. */
  readonly detailsUrl?: string;
  readonly logSnippet: boolean;
  readonly logSnippetLines: number;
  readonly logAnnotations: boolean;
  /** `Infinity` = all lines. */
  readonly logAnnotationLines: number;
  /** Regular expression with the groups `filename`, `line` and `error`. */
  readonly logAnnotationPattern: string;
  readonly cancelInProgressOnPullRequests: boolean;
  readonly cancelInProgressOnPush: boolean;
  readonly bitbucketCloudCheckSourceIp: boolean;
  readonly bitbucketCloudFurtherSourceIps: readonly string[];
  /** Finished runs of one definition that may be kept at most, whatever its annotation says. */
  readonly keepRunsUpperLimit?: number;
  readonly keepRunsDefault?: number;
  /** An `/ok-to-test` also covers what is pushed after it. */
  readonly rememberOkToTest: boolean;
  readonly requireOkToTestSha: boolean;
  /** A push whose commit belongs to an open pull request starts nothing. */
  readonly skipPushOfPullRequests: boolean;
  /** A repository that is new at GitHub gets a namespace and a Repository. */
  readonly autoConfigure: boolean;
  /** What these are called: templates of `{{ repo_owner }}` and `{{ repo_name }}`. */
  readonly autoConfigureNamespace: string;
  readonly autoConfigureRepository: string;
}

export const defaultSettings: Settings = {
  applicationName: 'Pipelines as Code CI',
  statusContextScope: 'full',
  gitAuthSecret: true,
  tokenScoped: true,
  tokenFurtherRepositories: [],
  catalogs: [{ id: 'default', name: 'default', url: 'https://artifacthub.io', type: 'artifacthub' }],
  remoteTasks: true,
  logSnippet: true,
  logSnippetLines: 3,
  logAnnotations: true,
  logAnnotationLines: 50,
  logAnnotationPattern: '^(?P<filename>[^:]*):(?P<line>[0-9]+):(?P<column>[0-9]+)?([ ]*)?(?P<error>.*)',
  cancelInProgressOnPullRequests: false,
  cancelInProgressOnPush: false,
  bitbucketCloudCheckSourceIp: true,
  bitbucketCloudFurtherSourceIps: [],
  rememberOkToTest: false,
  requireOkToTestSha: false,
  skipPushOfPullRequests: true,
  autoConfigure: false,
  autoConfigureNamespace: '{{ repo_name }}-pipelines',
  autoConfigureRepository: '{{ repo_name }}-repo-cr',
};

/** A key that could not be used, and why. */
export interface SettingComplaint {
  readonly key: string;
  readonly message: string;
}

export interface ParsedSettings {
  readonly settings: Settings;
  readonly complaints: readonly SettingComplaint[];
}

/** Most characters of the application's name: the context has room for more than it. */
const applicationNameCharactersMax = 100;
/** Most runs, lines and catalogs a setting may ask for. */
const countMax = 10_000;
/** Most characters of a template for a name: a name has at most 63. */
const nameTemplateCharactersMax = 200;
const catalogsMax = 50;

/**
 * Reads the data of the ConfigMap. A value that cannot be used keeps what `previous` says (the defaults, or the settings
 * that were in force), and is complained about; so is a key that nothing here knows. A key that is absent has its default.
 */
export function parseSettings(
  data: Readonly<Record<string, string>> | undefined,
  previous: Settings = defaultSettings,
): ParsedSettings {
  const reader = new SettingReader(data ?? {});
  const settings = readSettings(reader, previous);
  return { settings, complaints: [...reader.complaints, ...reader.unknownKeys()] };
}

// tidy: table
function readSettings(reader: SettingReader, previous: Settings): Settings {
  const standard = defaultSettings;
  return present<Settings>({
    applicationName: reader.text('application-name', standard.applicationName, previous.applicationName),
    statusContextScope: reader.scope('status-context-scope', previous.statusContextScope),
    gitAuthSecret: reader.flag('secret-auto-create', true, previous.gitAuthSecret),
    tokenScoped: reader.flag('secret-github-app-token-scoped', true, previous.tokenScoped),
    tokenFurtherRepositories: reader.list('secret-github-app-scope-extra-repos'),
    catalogs: readCatalogs(reader, previous.catalogs),
    remoteTasks: reader.flag('remote-tasks', true, previous.remoteTasks),
    dashboardUrl: reader.url('tekton-dashboard-url', previous.dashboardUrl),
    console: readConsole(reader, previous.console),
    detailsUrl: reader.url('details-url', previous.detailsUrl),
    logSnippet: reader.flag('error-log-snippet', true, previous.logSnippet),
    logSnippetLines: reader.count('error-log-snippet-number-of-lines', 3, previous.logSnippetLines) ?? 3,
    logAnnotations: reader.flag('error-detection-from-container-logs', true, previous.logAnnotations),
    logAnnotationLines: reader.lines('error-detection-max-number-of-lines', 50, previous.logAnnotationLines),
    logAnnotationPattern: reader.pattern('error-detection-simple-regexp', previous.logAnnotationPattern),
    cancelInProgressOnPullRequests: reader.flag(
      'enable-cancel-in-progress-on-pull-requests',
      false,
      previous.cancelInProgressOnPullRequests,
    ),
    cancelInProgressOnPush: reader.flag('enable-cancel-in-progress-on-push', false, previous.cancelInProgressOnPush),
    bitbucketCloudCheckSourceIp: reader.flag(
      'bitbucket-cloud-check-source-ip',
      true,
      previous.bitbucketCloudCheckSourceIp,
    ),
    bitbucketCloudFurtherSourceIps: reader.list('bitbucket-cloud-additional-source-ip'),
    keepRunsUpperLimit: reader.count('max-keep-run-upper-limit', undefined, previous.keepRunsUpperLimit),
    keepRunsDefault: reader.count('default-max-keep-runs', undefined, previous.keepRunsDefault),
    rememberOkToTest: reader.flag('remember-ok-to-test', false, previous.rememberOkToTest),
    requireOkToTestSha: reader.flag('require-ok-to-test-sha', false, previous.requireOkToTestSha),
    skipPushOfPullRequests: reader.flag('skip-push-event-for-pr-commits', true, previous.skipPushOfPullRequests),
    autoConfigure: reader.flag('auto-configure-new-github-repo', false, previous.autoConfigure),
    autoConfigureNamespace: reader.nameTemplate(
      'auto-configure-repo-namespace-template',
      standard.autoConfigureNamespace,
      previous.autoConfigureNamespace,
    ),
    autoConfigureRepository: reader.nameTemplate(
      'auto-configure-repo-repository-template',
      standard.autoConfigureRepository,
      previous.autoConfigureRepository,
    ),
  });
}

function readConsole(reader: SettingReader, previous: CustomConsole | undefined): CustomConsole | undefined {
  const url = reader.url('custom-console-url', previous?.url);
  const name = reader.text('custom-console-name', 'Console', previous?.name ?? 'Console');
  const runUrl = reader.template('custom-console-url-pr-details', previous?.runUrl);
  const taskLogUrl = reader.template('custom-console-url-pr-tasklog', previous?.taskLogUrl);
  const namespaceUrl = reader.template('custom-console-url-namespace', previous?.namespaceUrl);
  if (url === undefined) return undefined;
  return present<CustomConsole>({ name, url, runUrl, taskLogUrl, namespaceUrl });
}

/** The default catalog of `hub-*`, then `catalog-1-*` and on, which come in groups of id, name and url. */
function readCatalogs(reader: SettingReader, previous: readonly Catalog[]): readonly Catalog[] {
  const former = previous.find(({ id }) => id === 'default') ?? defaultSettings.catalogs[0];
  const first = present<Catalog>({
    id: 'default',
    name: reader.text('hub-catalog-name', former?.name ?? 'default', former?.name ?? 'default'),
    url: reader.url('hub-url', former?.url) ?? 'https://artifacthub.io',
    type: reader.catalogType('hub-catalog-type') ?? (reader.has('hub-url') ? undefined : 'artifacthub'),
  });
  const further: Catalog[] = [];
  for (const number of reader.catalogNumbers()) {
    const id = reader.text(`catalog-${number}-id`, '', '');
    const url = reader.url(`catalog-${number}-url`, undefined);
    const name = reader.text(`catalog-${number}-name`, id, id);
    const type = reader.catalogType(`catalog-${number}-type`);
    const known = id === 'default' || id === 'http' || id === 'https' || further.some((other) => other.id === id);
    if (id === '' || url === undefined) reader.complain(`catalog-${number}-id`, 'a catalog needs an id and a url');
    else if (known) reader.complain(`catalog-${number}-id`, `"${id}" is taken already`);
    else further.push(present<Catalog>({ id, name, url, type }));
  }
  return [first, ...further];
}

/** Drops members that are undefined: an optional member is there or it is not. */
function present<T>(members: { readonly [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

class SettingReader {
  readonly complaints: SettingComplaint[] = [];
  readonly #data: Readonly<Record<string, string>>;
  readonly #read = new Set<string>();

  constructor(data: Readonly<Record<string, string>>) {
    this.#data = data;
  }

  has(key: string): boolean {
    return this.#value(key) !== undefined;
  }

  complain(key: string, message: string): void {
    this.complaints.push({ key, message });
  }

  text(key: string, standard: string, previous: string): string {
    const value = this.#value(key);
    if (value === undefined) return standard;
    if (value.length <= applicationNameCharactersMax && !/[\n\r]/.test(value)) return value;
    this.complain(key, `must be one line of at most ${applicationNameCharactersMax} characters`);
    return previous;
  }

  flag(key: string, standard: boolean, previous: boolean): boolean {
    const value = this.#value(key)?.toLowerCase();
    if (value === undefined) return standard;
    if (['true', 'yes', 'on', '1'].includes(value)) return true;
    if (['false', 'no', 'off', '0'].includes(value)) return false;
    this.complain(key, `must be "true" or "false", not "${shown(value)}"`);
    return previous;
  }

  count(key: string, standard: number | undefined, previous: number | undefined): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return standard;
    const number = /^\d{1,6}$/.test(value) ? Number(value) : -1;
    if (number >= 0 && number <= countMax) return number;
    this.complain(key, `must be a whole number from 0 to ${countMax}, not "${shown(value)}"`);
    return previous;
  }

  /** As `count`; -1 means all. */
  lines(key: string, standard: number, previous: number): number {
    if (this.#value(key) === '-1') return Number.POSITIVE_INFINITY;
    return this.count(key, standard, previous) ?? standard;
  }

  list(key: string): readonly string[] {
    const items = (this.#value(key) ?? '').split(',').map((item) => item.trim());
    return items.filter((item) => item !== '');
  }

  url(key: string, previous: string | undefined): string | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (/^https?:\/\/[^\s/]/.test(value) && URL.canParse(value)) return value.replace(/\/+$/, '');
    this.complain(key, `must be an address that starts with http:// or https://, not "${shown(value)}"`);
    return previous;
  }

  /** An address with `{{ … }}` in it. */
  template(key: string, previous: string | undefined): string | undefined {
    const value = this.#value(key);
    if (value === undefined || /^(?:https?:\/\/|\{\{)\S/.test(value)) return value;
    this.complain(key, `must be an address that starts with http:// or https://, not "${shown(value)}"`);
    return previous;
  }

  /** The name of an object, made of `{{ repo_owner }}`, `{{ repo_name }}` and what may stand in a name. */
  nameTemplate(key: string, standard: string, previous: string): string {
    const value = this.#value(key);
    if (value === undefined) return standard;
    const literal = value.replaceAll(/\{\{\s*(?:repo_owner|repo_name)\s*\}\}/g, '');
    if (value.length <= nameTemplateCharactersMax && /^[a-z0-9-]*$/.test(literal)) return value;
    const allowed = 'a-z, 0-9, -, {{ repo_owner }} and {{ repo_name }}';
    this.complain(key, `must be at most ${nameTemplateCharactersMax} characters of ${allowed}, not "${shown(value)}"`);
    return previous;
  }

  pattern(key: string, previous: string): string {
    const value = this.#value(key);
    if (value === undefined) return defaultSettings.logAnnotationPattern;
    const missing = ['filename', 'line', 'error'].filter((group) => !new RegExp(`\\(\\?P?<${group}>`).test(value));
    if (missing.length === 0) return value;
    this.complain(key, `lacks the named group${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`);
    return previous;
  }

  scope(key: string, previous: ContextScope): ContextScope {
    const value = this.#value(key);
    if (value === undefined) return defaultSettings.statusContextScope;
    if (value === 'full' || value === 'event' || value === 'none') return value;
    this.complain(key, `must be "full", "event" or "none", not "${shown(value)}"`);
    return previous;
  }

  catalogType(key: string): 'artifacthub' | 'tektonhub' | undefined {
    const value = this.#value(key)?.toLowerCase();
    if (value === undefined || value === 'artifacthub' || value === 'tektonhub') return value;
    this.complain(key, `must be "artifacthub" or "tektonhub", not "${shown(value)}"`);
    return undefined;
  }

  catalogNumbers(): readonly number[] {
    const numbers = Object.keys(this.#data).flatMap((key) => {
      const found = /^catalog-(\d{1,4})-(?:id|url|name|type)$/.exec(key);
      return found ? [Number(found[1])] : [];
    });
    const distinct = [...new Set(numbers)].sort((a, b) => a - b);
    if (distinct.length > catalogsMax) this.complain('catalog-N-id', `more than ${catalogsMax} catalogs`);
    return distinct.slice(0, catalogsMax);
  }

  unknownKeys(): readonly SettingComplaint[] {
    return Object.keys(this.#data)
      .filter((key) => !this.#read.has(key) && !key.startsWith('_'))
      .map((key) => ({ key, message: 'is no setting that Penstock knows' }));
  }

  /** The trimmed value; an empty one counts as absent. */
  #value(key: string): string | undefined {
    this.#read.add(key);
    const value = Object.hasOwn(this.#data, key) ? this.#data[key]?.trim() : undefined;
    return value === '' ? undefined : value;
  }
}

/** What a message may repeat of a value. */
function shown(value: string): string {
  return value.length <= 40 ? value : `${value.slice(0, 40)}…`;
}
