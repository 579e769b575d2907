import { Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { systemNamespaceDefault } from '../doctor/describe-doctor.ts';
import { withServerOption } from '../flags.ts';
import type { SetupGitCommand } from './setup-git.ts';

type SetExitCode = (code: number) => void;

/** `penstock setup …`: a repository, told to Penstock. */
export function describeSetup(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  const setup = new Command('setup').description('tell Penstock of a repository, and the repository of Penstock');
  setup.addCommand(describeSetupGit(environment, setExitCode));
  return setup;
}

function describeSetupGit(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  return withPlaceOptions(new Command('git'))
    .description('a plain Git repository: makes its objects and installs its hook')
    .argument('[path]', 'a folder in the repository that is pushed to (default: this one)')
    .option('--url <address>', 'how it is named (default: by its path); ssh://… alone: it is on another machine')
    .option('--webhook-url <address>', 'where its hook tells of pushes (default: where the server listens)')
    .action(async (path: string | undefined, flags: Omit<SetupGitCommand, 'path'>) => {
      const { setupGitCommand } = await import('./setup-git.ts');
      setExitCode(await setupGitCommand({ ...flags, ...(path === undefined ? {} : { path }) }, environment));
    });
}

function withPlaceOptions(command: Command): Command {
  return withServerOption(command)
    .option('--name <name>', 'of the Repository (default: as the repository is called)')
    .option('-n, --namespace <name>', 'where the Repository and its runs are (default: that of the kubeconfig)')
    .option('--system-namespace <name>', 'where Penstock keeps what is its own', systemNamespaceDefault)
    .option('--force', 'take over fields that somebody else has set', false);
}
