import { type Command, InvalidArgumentError } from 'commander';
import { type ControllerName, controllerNames } from './environment.ts';

/** The value of a flag that names a port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 0 to 65535.');
}

/** The value of a flag that names a folder. An empty one, as of a variable that is not set, would mean this very folder. */
export function parseFolder(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('it names no folder.');
}

/** The value of `--controllers`: names with commas between, or `none`. */
export function parseControllers(text: string): readonly ControllerName[] {
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const known = controllerNames.find((candidate) => candidate === name.trim());
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`"${name}" is none of ${controllerNames.join(', ')}.`);
  });
}

/** The command with the options that name the server it talks to. */
export function withServerOption(command: Command): Command {
  return command
    .option(
      '--kubeconfig <file>',
      'the server to talk to (default: KUBECONFIG, then ./penstock-data/kubeconfig, then ~/.kube/config)',
    )
    .option('--context <name>', 'a context of the kubeconfig (default: its current one)');
}

/** The command with the option that says where the Penstock of that server is. */
export function withSystemNamespaceOption(command: Command): Command {
  return command.option(
    '--system-namespace <name>',
    'where Penstock keeps what is its own (default: where its Services are, else penstock)',
  );
}
