/** A host directory or file that a container sees at a path of its own. */
export interface Mount {
  /** Absolute path on the host; exists. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Whether the files are made by the agent from the pod's own text (scripts): a runtime may adapt paths in them. */
  readonly generated?: boolean;
}

/** Where a container's output goes. Never throws. */
export interface OutputSink {
  write(stream: 'stdout' | 'stderr', chunk: Uint8Array): void;
}

/** Everything a runtime needs to start one container: variables are resolved, volumes are directories. */
export interface ContainerPlan {
  readonly podUid: string;
  readonly namespace: string;
  readonly podName: string;
  readonly container: string;
  readonly image: string;
  /** Empty = the image's own. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Absent = the image's own. */
  readonly workingDirectory?: string;
  /** Parents before what lies in them. */
  readonly mounts: readonly Mount[];
  /** A private host directory of this container, for what the runtime keeps; '' when `usesDirectories` is false. */
  readonly directory: string;
  readonly output: OutputSink;
  /** Annotations of the pod: the simulated runtime reads its behaviour from them. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Members of `securityContext` the pod asks for; a runtime that cannot honour one says so once. */
  readonly runAsUser?: number;
}

/** How a container ended. */
export interface ContainerExit {
  readonly exitCode: number;
  readonly signal?: number;
  /** Absent = `Completed` for 0 and `Error` for the rest. */
  readonly reason?: string;
  readonly message?: string;
}

/** A started container. */
export interface RunningContainer {
  /** `scheme://id`, unique for ever. */
  readonly id: string;
  /** Resolves when the container and every process in it have ended and its output is complete. Never rejects. */
  readonly exited: Promise<ContainerExit>;
  /** SIGTERM asks the main process to end; SIGKILL ends every process of the container. No effect after the end. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Runs `command` in the container and resolves with its exit code; for exec probes. Killed when `signal` aborts. */
  execute(command: readonly string[], signal: AbortSignal): Promise<number>;
}

/** Thrown by `startContainer` when the container cannot start; ends up in its terminated state. */
export class ContainerStartError extends Error {
  override readonly name = 'ContainerStartError';
  readonly code = 'CONTAINER_START';
  /** `StartError` or `ContainerCannotRun`. */
  readonly reason: string;
  /** 126 = found but cannot be run, 127 = not found, 128 = anything else. */
  readonly exitCode: number;
  constructor(message: string, options: { reason?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.reason = options.reason ?? 'StartError';
    this.exitCode = options.exitCode ?? 128;
  }
}

/** What runs containers: host processes, a container engine, or a simulation. */
export interface ContainerRuntime {
  /** `process`, `simulated`, … */
  readonly name: string;
  /** Whether containers see host directories. False: volumes are checked but not made. */
  readonly usesDirectories: boolean;
  /** Finds out what the machine allows. Called once before the first container; returns notices for the user. */
  start(): Promise<readonly string[]>;
  /** Ends what is left of a container that a dead predecessor of this process kept in `directory`. */
  endLeftover(directory: string): Promise<void>;
  /** Starts a container. Throws {@link ContainerStartError} when it cannot run. */
  startContainer(plan: ContainerPlan): Promise<RunningContainer>;
}
