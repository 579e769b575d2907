import { execFile } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assert } from '../../base/assert.ts';

/** Pipes made by one call of `mkfifo`. */
const batchSize = 32;
/** The first time fewer: most local runs need no more, and files that are made and removed are a good part of their time. */
const firstBatchSize = 8;
/** With fewer than these left, more are made. */
const reserve = 2;

/** One pipe: what is written to `writeDescriptor` comes out of `readable`. */
export interface OutputPipe {
  readonly readable: Socket;
  /** To be handed to a process and then closed here. */
  readonly writeDescriptor: number;
}

/**
 * Makes pipes for the output of processes. Node's own `stdio: 'pipe'` is a socket, and a program that opens
 * `/dev/stdout` fails on a socket; one pipe for both stdout and stderr also keeps their order.
 */
export class OutputPipes {
  readonly #directory: string;
  readonly #paths: string[] = [];
  #made = 0;
  #filling: Promise<void> | undefined;

  /** `directory` is for this object alone: emptied first. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Empties the directory and makes the first pipes. */
  async start(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    await this.#fill();
  }

  /** A new pipe, connected at both ends and without a name. */
  async open(): Promise<OutputPipe> {
    while (this.#paths.length === 0) await this.#fill();
    const path = this.#paths.pop();
    assert(path !== undefined, 'a pipe was made');
    if (this.#paths.length < reserve) void this.#fill().catch(() => undefined);
    const readDescriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeDescriptor = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    return { readable: new Socket({ fd: readDescriptor, readable: true, writable: false }), writeDescriptor };
  }

  /** Asked while it is under way, waits for that. A failure is thrown to the `open` that needs the pipe. */
  #fill(): Promise<void> {
    this.#filling ??= this.#make().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  async #make(): Promise<void> {
    const length = this.#made === 0 ? firstBatchSize : batchSize;
    const paths = Array.from({ length }, () => join(this.#directory, String(this.#made++)));
    await promisify(execFile)('mkfifo', ['-m', '600', ...paths], { env: { PATH: '/usr/bin:/bin' } });
    this.#paths.push(...paths);
  }
}

/** Closes the writing end in this process, so that the reading end ends with the last process that holds it. */
export function closeWriting(pipe: OutputPipe): void {
  closeSync(pipe.writeDescriptor);
}
