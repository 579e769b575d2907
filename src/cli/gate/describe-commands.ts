import { Command, Option } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { withServerOption } from '../flags.ts';
import type { ListForm } from './queue-command.ts';

interface ServerFlags {
  readonly kubeconfig?: string;
}

interface RunFlags extends ServerFlags {
  readonly namespace?: string;
}

interface ListFlags extends ServerFlags {
  readonly output: ListForm;
}

type SetExitCode = (code: number) => void;

/** `penstock gate …`. What does the work is loaded when it is asked for. */
export function describeGate(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  const gate = new Command('gate').description('look at the gates of a server, and at what waits before them');
  for (const command of [
    describeList(environment, setExitCode),
    describeShow(environment, setExitCode),
    describePause(environment, setExitCode, true),
    describePause(environment, setExitCode, false),
    describeRunCommand(environment, setExitCode, 'bump'),
    describeRunCommand(environment, setExitCode, 'start'),
  ]) {
    gate.addCommand(command);
  }
  return gate;
}

/** `penstock queue`. */
export function describeQueue(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  return withServerOption(new Command('queue'))
    .description('list the runs that wait, in the order in which they start, and what each waits for')
    .option('-g, --gate <name>', 'only runs of this gate')
    .option('-n, --namespace <namespace>', 'only runs of this namespace')
    .addOption(listFormOption())
    .action(async (flags: ListFlags & RunFlags & { readonly gate?: string }) => {
      const { queueCommand } = await import('./queue-command.ts');
      setExitCode(await queueCommand(flags, environment));
    });
}

function describeList(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  return withServerOption(new Command('list'))
    .description('list all gates')
    .addOption(listFormOption())
    .action(async (flags: ListFlags) => {
      const { gateListCommand } = await import('./gate-commands.ts');
      setExitCode(await gateListCommand(flags, environment));
    });
}

function describeShow(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  return withServerOption(new Command('show'))
    .description('show the rules of a gate, what runs, and what waits')
    .argument('<gate>', 'name of the gate')
    .action(async (name: string, flags: ServerFlags) => {
      const { gateShowCommand } = await import('./gate-commands.ts');
      setExitCode(await gateShowCommand({ ...flags, name }, environment));
    });
}

function describePause(environment: CliEnvironment, setExitCode: SetExitCode, paused: boolean): Command {
  return withServerOption(new Command(paused ? 'pause' : 'resume'))
    .description(paused ? 'let no more runs start; those that run go on' : 'let runs start again')
    .argument('<gate>', 'name of the gate')
    .action(async (name: string, flags: ServerFlags) => {
      const { gatePauseCommand } = await import('./gate-commands.ts');
      setExitCode(await gatePauseCommand({ ...flags, name, paused }, environment));
    });
}

const runCommands = {
  bump: 'put a waiting run before all others, whatever their priority',
  start: 'start a waiting run at once, whatever the limits',
} as const;

function describeRunCommand(
  environment: CliEnvironment,
  setExitCode: SetExitCode,
  name: keyof typeof runCommands,
): Command {
  return withServerOption(new Command(name))
    .description(runCommands[name])
    .argument('<run>', 'NAME or NAMESPACE/NAME of a PipelineRun')
    .option('-n, --namespace <namespace>', 'its namespace; needed only where several have a run of this name')
    .action(async (run: string, flags: RunFlags) => {
      const { bumpCommand, startCommand } = await import('./run-commands.ts');
      const command = name === 'bump' ? bumpCommand : startCommand;
      setExitCode(await command({ ...flags, run }, environment));
    });
}

function listFormOption(): Option {
  return new Option('-o, --output <form>', 'what to write; json is one object a line')
    .choices(['table', 'json'])
    .default('table');
}
