import { Command, CommanderError, Option } from 'commander';
import { UserError } from '../base/errors.ts';
import { type CliEnvironment, type ControllerName, type RuntimeChoice, exitCodes } from './environment.ts';
import { describeDelivery } from './delivery/describe-delivery.ts';
import { describeDoctor } from './doctor/describe-doctor.ts';
import { describeInstall } from './describe-install.ts';
import { describeGitHook, describeStatus } from './git/describe-git.ts';
import { describeLogs } from './logs/describe-logs.ts';
import { controllersOption, describeController, logsOption } from './describe-controller.ts';
import { parseFolder, parsePort } from './flags.ts';
import { describeGate, describeQueue } from './gate/describe-commands.ts';
import { describeSetup } from './setup/describe-setup.ts';
import { describeMatch } from './match/describe-match.ts';
import { InvalidManifestsError } from './manifest/invalid-manifests.ts';
import { JsonOutput } from './run/json-output.ts';
import type { OutputForm } from './run/run-command.ts';

/** Where `serve` listens unless told otherwise. */
export const servePortDefault = 8480;
/** Where `serve` keeps its data unless told otherwise. */
export const serveDirectoryDefault = './penstock-data';

interface RunFlags {
  readonly filename: readonly string[];
  readonly name?: string;
  readonly param: readonly string[];
  readonly workspace: readonly string[];
  readonly runtime: RuntimeChoice;
  readonly timeout?: string;
  readonly output?: OutputForm;
}

interface ServeFlags {
  readonly data: string;
  readonly port: number;
  readonly host: string;
  readonly runtime: RuntimeChoice;
  readonly controllers: readonly ControllerName[];
  readonly logs?: string;
  readonly hooks: boolean;
  readonly hooksPort?: number;
  readonly hooksHost: string;
}

/**
 * Does what the words after `penstock` say and resolves with the exit code. Wrong input and usage are told on standard
 * error and give 2; a fault of our own is thrown.
 */
export async function runProgram(words: readonly string[], environment: CliEnvironment): Promise<number> {
  let exitCode: number = exitCodes.succeeded;
  const program = describeProgram(environment, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.succeeded : exitCodes.wrongInput;
    if (!(thrown instanceof UserError)) throw thrown;
    complain(thrown, words, environment);
    return exitCodes.wrongInput;
  }
}

function complain(error: UserError, words: readonly string[], { screen, clock }: CliEnvironment): void {
  const json = words.some(
    (word, index) => word === '--output=json' || (word === 'json' && /^(-o|--output)$/.test(words[index - 1] ?? '')),
  );
  if (json) {
    const output = new JsonOutput(screen, clock);
    if (error instanceof InvalidManifestsError) for (const diagnostic of error.diagnostics) output.error(diagnostic);
    else output.refusal(error);
  }
  screen.writeError(error instanceof InvalidManifestsError ? `${error.message}\n` : `error: ${error.message}\n`);
  if (error.remedy !== undefined) screen.writeError(`  ${error.remedy}\n`);
}

function describeProgram(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  const { screen } = environment;
  const program = new Command('penstock')
    .description('CI/CD for Kubernetes whose reported status is always true')
    .version(environment.version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => screen.write(text), writeErr: (text) => screen.writeError(text) })
    .showHelpAfterError('(penstock --help lists commands and options)');
  program.addCommand(describeRun(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(describeLint(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(describeMatch(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(describeServe(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(describeController(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(describeInstall(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(inheriting(describeGate(environment, setExitCode), program));
  program.addCommand(describeLogs(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(describeStatus(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(inheriting(describeGitHook(environment, setExitCode), program));
  program.addCommand(inheriting(describeDelivery(environment, setExitCode), program));
  program.addCommand(inheriting(describeSetup(environment, setExitCode), program));
  program.addCommand(describeDoctor(environment, setExitCode).copyInheritedSettings(program));
  program.addCommand(describeQueue(environment, setExitCode).copyInheritedSettings(program));
  return program;
}

/** A command whose own commands behave as the program does. */
function inheriting(command: Command, program: Command): Command {
  for (const part of command.commands) part.copyInheritedSettings(program);
  return command.copyInheritedSettings(program);
}

function describeRun(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  return new Command('run')
    .description('run Tekton pipelines here and now, without a cluster')
    .argument('[path]', 'a YAML file, or a folder of them', undefined)
    .option('-f, --filename <file>', 'a YAML file, a folder, or - for standard input; may be repeated', collect, [])
    .option('-n, --name <name>', 'only the run of this name; or the Pipeline or Task to run')
    .option('-p, --param <name=value>', "a param's value; may be repeated", collect, [])
    .option('-w, --workspace <name=dir>', 'a folder of this machine as a workspace; may be repeated', collect, [])
    .addOption(runtimeOption())
    .option('--timeout <duration>', 'the longest a run may take: 90s, 10m, 1h30m; 0 for no limit')
    .addOption(
      new Option('-o, --output <form>', 'what to show (default: tree on a terminal, else plain)').choices([
        'tree',
        'plain',
        'json',
      ]),
    )
    .addHelpText('after', exitCodeHelp)
    .action(async (path: string | undefined, flags: RunFlags) => {
      const { runCommand } = await import('./run/run-command.ts');
      const { filename, param, workspace, ...rest } = flags;
      const paths = [...(path === undefined ? [] : [path]), ...filename];
      const chosen = paths.length > 0 ? paths : ['.tekton'];
      setExitCode(await runCommand({ ...rest, paths: chosen, params: param, workspaces: workspace }, environment));
    });
}

const exitCodeHelp = `
Without a path, the folder .tekton is run.
Exit codes: 0 every run succeeded, 1 a run failed, 2 wrong input or usage, 130 cancelled with Ctrl-C.`;

function describeLint(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  return new Command('lint')
    .description('check YAML files without running them')
    .argument('[path...]', 'YAML files, or folders of them', ['.tekton'])
    .action(async (paths: readonly string[]) => {
      const { lintCommand } = await import('./lint-command.ts');
      setExitCode(await lintCommand(paths, environment));
    });
}

function describeServe(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  return new Command('serve')
    .description('start the embedded server; kubectl and other clients use it as a cluster')
    .option('--data <dir>', 'where all data is kept', parseFolder, serveDirectoryDefault)
    .option('--port <number>', 'the port to listen on; 0 takes a free one', parsePort, servePortDefault)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .addOption(runtimeOption())
    .addOption(controllersOption())
    .addOption(logsOption('the folder step-logs of the data'))
    .option('--hooks-port <number>', 'take the webhooks of Git hosts here (default: the port after --port)', parsePort)
    .option('--hooks-host <address>', 'the address for that; it speaks plain HTTP', '127.0.0.1')
    .option('--no-hooks', 'take no webhooks')
    .action(async ({ data, hooks, hooksPort, hooksHost, ...flags }: ServeFlags) => {
      const { serveCommand } = await import('./serve-command.ts');
      const place = { host: hooksHost, port: hooksPort ?? (flags.port === 0 ? 0 : flags.port + 1) };
      setExitCode(await serveCommand({ directory: data, ...flags, ...(hooks ? { hooks: place } : {}) }, environment));
    });
}

function runtimeOption(): Option {
  return new Option('--runtime <runtime>', 'what runs the steps')
    .choices(['auto', 'process', 'container'])
    .default('auto');
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
