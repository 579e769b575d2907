import type { Screen } from '../cli/environment.ts';
import type { ProcessEnvironment } from './environment.ts';

/** Rows assumed where the terminal does not tell. */
const rowsDefault = 24;

/** The terminal, or whatever standard output and error lead to. */
export function processScreen({ colour, dumbTerminal }: ProcessEnvironment): Screen {
  const { stdout, stderr } = process;
  // A reader that goes away (`| head`) is no fault of ours: there is nobody left to tell.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    live: stdout.isTTY && !dumbTerminal,
    colour: colour ?? stdout.isTTY,
    rows: () => stdout.rows ?? rowsDefault,
  };
}
