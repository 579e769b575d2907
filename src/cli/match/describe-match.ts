import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { matchProviders } from './explanation.ts';
import type { MatchCommand } from './match-command.ts';

/** `penstock match`. */
export function describeMatch(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  return new Command('match')
    .description('explain, rule by rule, which definitions of .tekton an event starts')
    .option('-e, --event <file>', "a webhook's body, or an event of Penstock; - for standard input")
    .option('--headers <file>', 'the headers it came with: a line each, or JSON (default: guessed from the body)')
    .addOption(new Option('--provider <host>', 'which Git host it is of').choices([...matchProviders]))
    .option('--pr <number>', 'a pull request, asked of its Git host as the server would', parseNumber)
    .option('--repository <namespace/name>', 'with --pr: the Repository (default: by the remote of the folder)')
    .option('--kubeconfig <file>', 'with --pr: the server that knows the Repository')
    .option('--context <name>', 'with --pr: a context of the kubeconfig (default: its current one)')
    .option('--system-namespace <name>', 'with --pr: where Penstock keeps what is its own (default: it is looked for)')
    .option('-C, --directory <folder>', 'the working tree whose .tekton is read', '.')
    .option('--changed-file <path>', 'a file that changed; may be repeated (default: what git knows)', collect, [])
    .option('-n, --namespace <name>', 'the namespace of the Repository')
    .option('-p, --param <name=value>', 'a param as the Repository would have it; may be repeated', collect, [])
    .addOption(new Option('-o, --output <form>', 'what to show').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit codes: 0 a definition matches, 1 none does, 2 wrong input or usage.')
    .action(async (flags: MatchCommand) => {
      const { matchCommand } = await import('./match-command.ts');
      setExitCode(await matchCommand(flags, environment));
    });
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function parseNumber(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number is expected.');
}
