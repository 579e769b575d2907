import { type Screen, exitCodes } from '../cli/environment.ts';
import type { ProcessEnvironment } from './environment.ts';

/** Rows assumed where the terminal does not tell. */
const rowsDefault = 24;

/** The terminal, or whatever standard output and error lead to. */
export function processScreen({ colour, dumbTerminal }: ProcessEnvironment): Screen {
  const { stdout, stderr } = process;
  let isTold = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isTold || isReaderGone(error)) return;
    isTold = true;
    stderr.write(`error: standard output cannot be written: ${error.message}\n`);
    process.once('exit', (code) => {
      // What was asked for is not there to be read, whatever became of the work: that is no success.
      if (code === 0) process.exitCode = exitCodes.wrongInput;
    });
  });
  // Nothing is left where a complaint about complaints could go.
  stderr.on('error', () => undefined);
  return {
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    live: stdout.isTTY && !dumbTerminal,
    colour: colour ?? stdout.isTTY,
    rows: () => stdout.rows ?? rowsDefault,
  };
}

/** A reader that goes away (`| head`) is no fault of ours, and there is nobody left to tell. */
function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}
