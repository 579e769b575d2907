/**
 * The house as data: its rooms, who may use whom, and what may be used only in one place. `npm run tidy` enforces it and
 * draws the map in the README from it.
 */

export interface Room {
  /** Folder under `src/`. */
  readonly name: string;
  /** A room imports only rooms of a lower rank. */
  readonly rank: number;
  /** No `node:` module and nothing of the process around it: it runs in a browser, and a test of it needs no set-up. */
  readonly pure?: true;
  readonly owns: string;
  /** The file to read first. */
  readonly start?: string;
  /** Rooms of a lower rank that it must not import all the same. */
  readonly mayNotImport?: readonly string[];
  /** The npm packages it wraps; no other room imports them. */
  readonly packages?: readonly string[];
}

export const rooms: readonly Room[] = [
  {
    name: 'base',
    rank: 0,
    pure: true,
    owns: 'clock, random, backoff, limits, heap, json, text, assert: what the language lacks',
    start: 'clock.ts',
  },
  {
    name: 'kube',
    rank: 1,
    pure: true,
    owns: 'object metadata, selectors, patches, conditions, names, API errors; the core types',
    start: 'object.ts',
  },
  {
    name: 'yaml',
    rank: 1,
    pure: true,
    owns: 'YAML with positions: values and diagnostics (file:line:column)',
    start: 'parse-yaml.ts',
    packages: ['yaml'],
  },
  {
    name: 'telemetry',
    rank: 1,
    owns: 'logs, metrics, traces: interfaces and thin adapters',
    start: 'logger.ts',
    packages: [
      'pino',
      'prom-client',
      '@opentelemetry/api',
      '@opentelemetry/sdk-trace',
      '@opentelemetry/resources',
      '@opentelemetry/exporter-trace-otlp-http',
    ],
  },
  {
    name: 'net',
    rank: 2,
    owns: 'outgoing HTTP: TLS, proxy, retry, rate limits, allow-lists',
    start: 'http-transport.ts',
  },
  {
    name: 'cel',
    rank: 2,
    pure: true,
    owns: 'CEL and regular expressions of users: bounded, linear in time',
    packages: ['@marcbachmann/cel-js', 're2js'],
    start: 'expression.ts',
  },
  { name: 'store', rank: 2, owns: 'revisions on a log: in memory, in SQLite', start: 'store.ts' },
  {
    name: 'schema',
    rank: 3,
    pure: true,
    owns: 'structural schemas of every kind: validate, default, prune; OpenAPI and CRDs are made from them',
    start: 'structural-schema.ts',
  },
  {
    name: 'client',
    rank: 3,
    owns: 'the typed Kubernetes client over a Transport: HTTP and kubeconfig, or in process',
    start: 'api-client.ts',
    packages: ['@kubernetes/client-node'],
  },
  {
    name: 'forge',
    rank: 3,
    owns: 'Git hosts behind one interface: github, gitlab, gitea, bitbucket, git; the kinds that speak of them',
    start: 'forge.ts',
    packages: ['@octokit/core', '@gitbeaker/rest', 'gitea-js'],
  },
  {
    name: 'apiserver',
    rank: 4,
    owns: 'the embedded Kubernetes API: a function from request to response, without sockets',
    mayNotImport: ['client'],
    start: 'api-server.ts',
  },
  {
    name: 'controller',
    rank: 4,
    owns: 'informer, work queue, reconciler, manager, leader election',
    start: 'contract.ts',
  },
  {
    name: 'tekton',
    rank: 4,
    pure: true,
    owns: 'what a pipeline means: validation, params, results, when, graph, retries, timeouts, status',
    start: 'types.ts',
  },
  {
    name: 'executor',
    rank: 5,
    owns: 'running a pod outside a cluster: process, container, simulated',
    start: 'node-agent/node-agent.ts',
  },
  {
    name: 'engine',
    rank: 6,
    owns: 'PipelineRun and TaskRun controllers, pod builder, verdict, resolvers, pruner',
    start: 'engine.ts',
    mayNotImport: ['executor'],
  },
  {
    name: 'logs',
    rank: 6,
    owns: 'whole logs of steps: followed through the API, stored before the pod goes, served after it has gone',
    start: 'log-keeper.ts',
    mayNotImport: ['executor'],
    packages: ['@aws-sdk/client-s3'],
  },
  {
    name: 'gate',
    rank: 6,
    owns: 'admission: pending runs, concurrency, order, pause',
    mayNotImport: ['executor'],
    start: 'create-gate.ts',
  },
  {
    name: 'triggers',
    rank: 6,
    owns: 'inbox, commands, matching, templating, policy, planner',
    start: 'types.ts',
    mayNotImport: ['executor'],
    packages: ['croner'],
  },
  {
    name: 'reports',
    rank: 6,
    owns: 'statuses at Git hosts: what is to be shown, and showing it',
    start: 'create-reports.ts',
    mayNotImport: ['executor'],
  },
  { name: 'promotion', rank: 6, owns: 'environments, claims, strategies, approvals', mayNotImport: ['executor'] },
  {
    name: 'install',
    rank: 6,
    pure: true,
    owns: 'what Penstock is made of on a cluster: manifests, as data',
    start: 'installation.ts',
    mayNotImport: ['executor'],
  },
  {
    name: 'server',
    rank: 7,
    owns: 'sockets: API mount, webhooks, dashboard API, metrics, static files',
    start: 'listener.ts',
    mayNotImport: ['engine', 'gate', 'logs', 'triggers', 'reports', 'promotion'],
    packages: ['fastify'],
  },
  {
    name: 'cli',
    rank: 7,
    owns: 'commands, tables, progress',
    start: 'program.ts',
    mayNotImport: ['store', 'apiserver', 'executor', 'triggers', 'reports', 'promotion'],
    packages: ['commander', 'string-width'],
  },
  {
    name: 'app',
    rank: 8,
    owns: 'composition root; the only reader of process.env',
    start: 'main.ts',
  },
];

/** Something of the world outside that only some files may touch. */
export interface Ban {
  readonly what: string;
  /** Matched against code without comments and without the insides of strings. */
  readonly code?: RegExp;
  /** Matched against the names of imported modules. */
  readonly module?: RegExp;
  /** Path prefixes, from the root. */
  readonly allowedIn: readonly string[];
  /** Test files under `src/` may use it too. */
  readonly allowedInTests?: true;
  readonly instead: string;
}

export const bans: readonly Ban[] = [
  {
    what: 'the system clock',
    code: /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\.now\b|\b(?:setTimeout|setInterval)\b/,
    module: /^node:perf_hooks$/,
    allowedIn: ['src/base/system-clock.ts'],
    instead: 'take a Clock as a parameter',
  },
  {
    what: 'the end of a turn of the event loop',
    code: /\bsetImmediate\b|\bprocess\.nextTick\b/,
    allowedIn: ['src/base/system-clock.ts', 'src/store/'],
    allowedInTests: true,
    instead: 'take a Clock as a parameter; only the store groups its commits by turns',
  },
  {
    what: 'system randomness',
    code: /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b|\brandomInt\b/,
    allowedIn: ['src/base/system-random.ts'],
    instead: 'take a Random as a parameter',
  },
  {
    what: 'the environment',
    code: /\bprocess\.env\b/,
    allowedIn: ['src/app/environment.ts'],
    instead: 'take the setting as a parameter',
  },
  { what: 'fetch', code: /(?<![.#\w])fetch\s*\(/, allowedIn: ['src/net/'], instead: 'use the transports of net' },
  {
    what: 'the process',
    code: /\bprocess\.(?:exit|exitCode|argv|cwd|chdir|on|once|stdin|stdout|stderr)\b|\bconsole\./,
    allowedIn: ['src/app/'],
    allowedInTests: true,
    instead: 'take a stream, a logger or a signal as a parameter',
  },
  {
    what: 'signals to processes',
    code: /\bprocess\.kill\b/,
    allowedIn: ['src/executor/process/'],
    allowedInTests: true,
    instead: 'run programs through executor',
  },
  {
    what: 'child processes',
    module: /^node:child_process$/,
    allowedIn: ['src/executor/', 'src/forge/git/'],
    allowedInTests: true,
    instead: 'run programs through executor, and git through forge/git',
  },
  { what: 'SQLite', module: /^node:sqlite$/, allowedIn: ['src/store/'], instead: 'use a Store' },
  {
    what: 'sockets',
    module: /^node:(net|tls|http|https|http2|dgram)$/,
    allowedIn: ['src/net/', 'src/server/', 'src/app/', 'src/executor/process/output-pipes.ts'],
    allowedInTests: true,
    instead: 'use net for outgoing and server for incoming connections',
  },
  {
    what: 'the disk',
    module: /^node:fs(\/promises)?$/,
    allowedIn: ['src/store/', 'src/executor/', 'src/logs/directory/', 'src/forge/git/', 'src/server/', 'src/app/'],
    allowedInTests: true,
    instead: 'take a FileSystem or the content as a parameter',
  },
  {
    what: 'the type any',
    code: /(?:[:<,|&(]|\bas)\s*any\b(?!\s*[:(])/,
    allowedIn: [],
    instead: 'use unknown and narrow it',
  },
  {
    what: 'syntax that types alone cannot erase',
    code: /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?(?:enum|namespace|module)\s+\w+\s*\{/m,
    allowedIn: [],
    instead: 'use an object `as const` and a type of the same name',
  },
  { what: 'a test that hides others', code: /\b(?:it|describe|test)\.only\b/, allowedIn: [], instead: 'remove .only' },
];

/** Lines. */
export const sizes = {
  fileMax: 700,
  /** Beyond it a file is named in the output, without failing. */
  fileNoticed: 400,
  functionMax: 70,
  roomReadmeMax: 60,
  /** Folders below `src/`. */
  depthMax: 3,
} as const;

/** What is run from outside, besides tests: everything else must be reachable from here. */
export const entryPoints: readonly RegExp[] = [
  /^bin\//,
  /^src\/app\/main\.ts$/,
  /^tools\/(?:[^/]+|conformance\/run)\.ts$/,
  /^test\/bench\//,
];
