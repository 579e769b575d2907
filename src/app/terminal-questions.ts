import { Writable } from 'node:stream';
import type { CliEnvironment } from '../cli/environment.ts';

/** Asks on standard error, so that results stay apart, and reads what is typed; absent where there is no terminal. */
export function terminalQuestions(): Pick<CliEnvironment, 'ask'> {
  return process.stdin.isTTY && process.stderr.isTTY ? { ask } : {};
}

async function ask(question: string, { hidden }: { readonly hidden: boolean }): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  const { stdin, stderr } = process;
  // What readline would echo of a secret goes nowhere.
  const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : stderr;
  return new Promise((resolve) => {
    const lines = createInterface({ input: stdin, output, terminal: true });
    // Only now that the terminal itself echoes nothing any more: who pastes is faster than a program.
    if (hidden) stderr.write(question);
    let answer: string | undefined;
    lines.on('SIGINT', () => lines.close());
    lines.on('close', () => {
      if (hidden || answer === undefined) stderr.write('\n');
      resolve(answer);
    });
    lines.question(hidden ? '' : question, (line) => {
      answer = line.trim();
      lines.close();
    });
  });
}
