import { UserError } from '../../base/errors.ts';
import { type CliEnvironment } from '../environment.ts';

/** The person ended the questions. */
export class EndedError extends Error {
  override readonly name = 'EndedError';
}

/** What a question is about. */
export interface Question {
  /** The option that answers it, as messages name it. */
  readonly flag: string;
  /** What is asked on a terminal, without the colon. */
  readonly text: string;
  /** Nothing that is typed is shown. */
  readonly hidden?: true;
}

/** What was said by an option; else what the person at the terminal says; else `SETUP_MISSING`. */
export async function answer(
  given: string | undefined,
  question: Question,
  { yes, environment }: { readonly yes: boolean; readonly environment: CliEnvironment },
): Promise<string> {
  if (given !== undefined && given !== '') return given;
  const { flag, text, hidden = false } = question;
  if (yes || environment.ask === undefined) {
    throw new UserError(`${flag} is missing: ${text}`, { code: 'SETUP_MISSING', remedy: 'nothing was changed' });
  }
  for (;;) {
    const said = await environment.ask(`${text}: `, { hidden });
    if (said === undefined) throw new EndedError('ended');
    if (said !== '') return said;
  }
}

/** Longest secret and key that are read, in bytes. */
const secretBytesMax = 64 * 1024;

/** The text of a file with a secret, or of standard input for `-`, without white space around it. */
export async function secretOf(path: string, { files }: CliEnvironment): Promise<string> {
  const bytes = path === '-' ? await files.readInput(secretBytesMax) : await files.read(path, secretBytesMax);
  const text = new TextDecoder().decode(bytes).trim();
  const name = path === '-' ? 'standard input' : path;
  if (text !== '' && bytes.length <= secretBytesMax) return text;
  throw new UserError(`${name} holds ${text === '' ? 'nothing' : 'too much to be a secret'}`, { code: 'SETUP_SECRET' });
}

/** A token is one line without spaces: anything else is another file, or a paste that went wrong. */
export function checkToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UserError('that is no token: it has spaces, several lines or other signs in it', { code: 'SETUP_SECRET' });
}
