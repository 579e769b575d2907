import type { Clock } from '../base/clock.ts';
import type { FileReader } from '../base/file-system.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { Indexers, ObservedLister } from '../controller/contract.ts';
import type { CommitStatuses } from '../forge/git/commit-statuses.ts';
import type { InstallHookOptions, InstalledHook } from '../forge/git/hook/install-hook.ts';
import type { SentPushes } from '../forge/git/hook/send-pushes.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { Transport } from '../kube/transport.ts';
import type { DoctorQuestion, Finding } from './doctor/finding.ts';
import type { MatchQuestion, ShownExplanation } from './match/explanation.ts';

/** Where a command writes, and what it knows of the reader. */
export interface Screen {
  /** Results: standard output. */
  write(text: string): void;
  /** Complaints and notices: standard error. */
  writeError(text: string): void;
  /** Whether standard output is a terminal whose lines can be drawn again. */
  readonly live: boolean;
  readonly colour: boolean;
  /** Rows of the terminal now. */
  rows(): number;
}

/** What runs the steps. `auto` takes the first that works here. */
export type RuntimeChoice = 'auto' | 'process' | 'container';

/** What a Penstock for one command is started with. */
export interface RunHomeOptions {
  readonly runtime: RuntimeChoice;
  /** Directories that stand behind claims, by `namespace/claim`. */
  readonly claimDirectories: ReadonlyMap<string, string>;
}

/** A running Penstock that a command works with. */
export interface Home {
  readonly client: ApiClient;
  /** The cache of a kind, synchronised. */
  observe<T extends KubeObject>(type: ResourceType<T>, indexers?: Indexers<T>): ObservedLister<T>;
  /** What the person should know about this machine, such as a weaker isolation. */
  readonly notices: readonly string[];
  /** Ends everything, steps too, and removes what was only for this run. */
  stop(): Promise<void>;
}

/** Which server a command talks to. */
export interface ServerChoice {
  /** Path of a kubeconfig; absent = that of the environment, of `penstock serve` in this folder, or of the person. */
  readonly kubeconfig?: string;
  /** Which of its contexts; absent = the current one. */
  readonly context?: string;
}

/** A server that a command talks to. */
export interface Connection extends Disposable {
  readonly client: ApiClient;
  /** What `client` calls through, for paths that are no resources. */
  readonly transport: Transport;
  /** Where objects live when nothing else is said. */
  readonly namespace: string;
  /** Its URL, for messages. */
  readonly server: string;
  /** Where it takes webhooks, `http://127.0.0.1:8481/hooks`, when it is a `penstock serve` of this machine that takes any. */
  readonly hooksUrl?: string;
}

export interface ServeOptions {
  readonly directory: string;
  readonly port: number;
  readonly host: string;
  readonly runtime: RuntimeChoice;
  /** Those that run here; the others are left to a `penstock controller`. */
  readonly controllers: readonly ControllerName[];
  /** Where logs of steps are kept: a directory, a bucket or `none`; absent = below `directory`. */
  readonly logs?: string;
  /** Where webhooks come in, over plain HTTP: what stands before it speaks TLS. Absent = nowhere. */
  readonly hooks?: { readonly host: string; readonly port: number };
  /** Told once if data can no longer be kept: nothing is accepted any more, and the only thing left is to end. */
  onFailure(error: Error): void;
}

/** What can be switched on and off. */
export const controllerNames = ['engine', 'gate', 'triggers', 'reports'] as const;
export type ControllerName = (typeof controllerNames)[number];

/** The Lease by which replicas agree on a leader. */
export interface LeaseOptions {
  readonly name: string;
  /** Absent = where Penstock's own objects are. */
  readonly namespace?: string;
  /** In milliseconds; see `ElectionTimes`. */
  readonly leaseMs: number;
  readonly renewMs: number;
  readonly retryMs: number;
}

/** Settings of `penstock controller`. */
export interface ControllerOptions extends ServerChoice {
  readonly controllers: readonly ControllerName[];
  /** Who runs PipelineRuns: we, or a Tekton that is installed. */
  readonly engine: 'penstock' | 'tekton';
  /** Only objects in this namespace are seen; absent = in all. */
  readonly namespace?: string;
  /** Where Penstock's own objects are: Deliveries, settings, Lease. Absent = the namespace of the pod, or of the context. */
  readonly systemNamespace?: string;
  /** Absent = no election: this is the only process. */
  readonly lease?: LeaseOptions;
  /** Where the admission webhook answers; absent = nowhere. */
  readonly webhook?: { readonly port: number };
  /** Where logs of steps are kept: a directory or a bucket; absent or `none` = nowhere. */
  readonly logs?: string;
  /** Where logs that are kept are served; absent = nowhere. */
  readonly logsAt?: { readonly host: string; readonly port: number; readonly tlsFolder?: string };
  /** Where webhooks come in; without a folder of a certificate over plain HTTP. Absent = nowhere. */
  readonly hooks?: { readonly host: string; readonly port: number; readonly tlsFolder?: string };
  /** Where health and metrics are served; absent = nowhere. */
  readonly health?: { readonly host: string; readonly port: number };
  /** Told once if a bug of ours ends the controllers: the only thing left is to end. */
  onFailure(error: Error): void;
}

/** Controllers that run, or stand by. */
export interface ControllerHome {
  readonly server: string;
  /** The name under which this process leads. */
  readonly identity: string;
  readonly healthUrl?: string;
  readonly logsUrl?: string;
  readonly hooksUrl?: string;
  /** Stops the controllers gracefully and gives the lease back. */
  stop(): Promise<void>;
}

/** A Penstock that listens. */
export interface ServedHome {
  readonly url: string;
  readonly kubeconfig: string;
  /** Where webhooks come in: `http://127.0.0.1:8481/hooks`. */
  readonly hooksUrl?: string;
  readonly notices: readonly string[];
  stop(): Promise<void>;
}

/** A Git repository of this machine. */
export interface DescribedRepository {
  readonly gitDirectory: string;
  /** There is a working tree: commits that are made in it are no pushes. */
  readonly hasWorkingTree: boolean;
  /** The address by which it is named: as its hook has it, else by its path. */
  readonly repositoryUrl: string;
  /** Where its hook sends pushes, if there is one. */
  readonly hookAddress?: string;
}

/** Git repositories of this machine. Folders are anywhere in them. */
export interface LocalGit {
  /** Throws `GIT_NOT_A_REPOSITORY`. */
  describe(folder: string): Promise<DescribedRepository>;
  installHook(options: Omit<InstallHookOptions, 'git' | 'command'>): Promise<InstalledHook>;
  uninstallHook(folder: string): Promise<boolean>;
  sendPushes(folder: string, triesMax: number): Promise<SentPushes>;
  readStatuses(folder: string, revision: string): Promise<CommitStatuses>;
}

/** All that commands ask of the world; the composition root supplies it. */
export interface CliEnvironment {
  readonly screen: Screen;
  readonly files: FileReader;
  readonly clock: Clock;
  /** The program's own version. */
  readonly version: string;
  openRunHome(options: RunHomeOptions): Promise<Home>;
  serve(options: ServeOptions): Promise<ServedHome>;
  control(options: ControllerOptions): Promise<ControllerHome>;
  /** Finds the server; throws `UserError` when no kubeconfig is there or it cannot be used. Nothing is sent yet. */
  connect(choice: ServerChoice): Promise<Connection>;
  openGit(): Promise<LocalGit>;
  /** Asks the person; absent where nobody sits at a terminal. undefined = they ended it. `hidden`: nothing is echoed. */
  readonly ask?: (question: string, options: { readonly hidden: boolean }) => Promise<string | undefined>;
  /** A secret that nobody can guess, of 64 hexadecimal digits. */
  newSecret(): string;
  /** Tells of each check as it is done. Throws `UserError` when there is nothing to check. */
  examine(question: DoctorQuestion, tell: (finding: Finding) => void): Promise<void>;
  /** Throws `UserError` for what cannot be read or asked. */
  explainMatch(question: MatchQuestion): Promise<ShownExplanation>;
  /** Calls `listener` at each Ctrl-C or request to end; the result stops that. */
  readonly onInterrupt: (listener: () => void) => () => void;
}

/** Exit codes of every command. */
export const exitCodes = { succeeded: 0, failed: 1, wrongInput: 2, unfinished: 3, cancelled: 130 } as const;
