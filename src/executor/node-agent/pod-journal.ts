import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Which pods this node has begun, kept across restarts of the agent: a pod runs once, by uid, whatever its status says.
 */
export interface PodJournal {
  /** Uids that were begun before this agent was made and are not forgotten: their processes are lost. */
  readonly earlier: ReadonlySet<string>;
  /** Notes that a pod begins, before anything of it runs. Returns its directory on the host; '' = none. */
  begin(uid: string): string;
  /** Deletes what the pod needed while it ran; it stays noted. */
  clean(uid: string): Promise<void>;
  /** The pod is gone: deletes everything. */
  forget(uid: string): Promise<void>;
  /** The private directories of containers an earlier agent began. */
  earlierContainers(): readonly string[];
}

/** A directory a pod, `<directory>/<uid>`: made before its first process starts. */
export class DirectoryJournal implements PodJournal {
  readonly earlier: ReadonlySet<string>;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.earlier = new Set(existsSync(directory) ? readdirSync(directory) : []);
  }

  begin(uid: string): string {
    const root = join(this.#directory, uid);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    return root;
  }

  async clean(uid: string): Promise<void> {
    const root = join(this.#directory, uid);
    await Promise.all(['volumes', 'containers'].map((name) => removeTree(join(root, name))));
  }

  forget(uid: string): Promise<void> {
    return removeTree(join(this.#directory, uid));
  }

  earlierContainers(): readonly string[] {
    return [...this.earlier].flatMap((uid) => {
      const containers = join(this.#directory, uid, 'containers');
      return existsSync(containers) ? readdirSync(containers).map((name) => join(containers, name)) : [];
    });
  }
}

/** Processes that are being killed may still write for a moment. */
const removeRetries = 5;

function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: removeRetries });
}

/** A journal without a disk, for runtimes that use no directories. `earlier` is what the agent before has begun. */
export class MemoryJournal implements PodJournal {
  readonly earlier: ReadonlySet<string>;
  /** Uids begun so far: hand it to the next agent. */
  readonly begun: Set<string>;

  constructor(earlier: Iterable<string> = []) {
    this.earlier = new Set(earlier);
    this.begun = new Set(this.earlier);
  }

  begin(uid: string): string {
    this.begun.add(uid);
    return '';
  }

  clean(_uid: string): Promise<void> {
    return Promise.resolve();
  }

  forget(uid: string): Promise<void> {
    this.begun.delete(uid);
    return Promise.resolve();
  }

  earlierContainers(): readonly string[] {
    return [];
  }
}
