import assert from 'node:assert/strict';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { CliEnvironment, Connection } from '../environment.ts';
import { runProgram } from '../program.ts';

/** What a command said, and how it ended. */
export interface Said {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

const never = (): never => assert.fail('not asked for');

const nothing: Omit<CliEnvironment, 'screen' | 'clock'> = {
  files: { kindOf: never, list: never, read: never, readInput: never, resolve: never },
  version: '0',
  onInterrupt: never,
  openRunHome: never,
  serve: never,
  control: never,
  connect: never,
  openGit: never,
  explainMatch: never,
  examine: never,
  newSecret: never,
};

/** Types `words` after `penstock`, in an environment that has only what is `given`; to ask for more fails the test. */
export async function typeProgram(words: readonly string[], given: Partial<CliEnvironment> = {}): Promise<Said> {
  const said = { output: '', errors: '' };
  const screen: CliEnvironment['screen'] = {
    write: (text) => void (said.output += text),
    writeError: (text) => void (said.errors += text),
    live: false,
    colour: false,
    rows: () => 24,
  };
  const code = await runProgram(words, { ...nothing, clock: new VirtualClock(), screen, ...given });
  return { code, ...said };
}

/** A connection to `server` of which only the client is used. */
export function connectionTo(client: ApiClient, server: string): Connection {
  return {
    client,
    server,
    transport: () => Promise.reject(new Error('only the client is used')),
    namespace: 'default',
    [Symbol.dispose]: () => undefined,
  };
}
