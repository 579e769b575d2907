import { Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { withServerOption, withSystemNamespaceOption } from '../flags.ts';
import { type HostName, hostNames } from './hosts.ts';
import type { SetupGitCommand } from './setup-git.ts';
import type { SetupHostCommand } from './setup-host.ts';

type SetExitCode = (code: number) => void;

/** `penstock setup …`: a repository, told to Penstock. */
export function describeSetup(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  const setup = new Command('setup').description('tell Penstock of a repository, and the repository of Penstock');
  setup.addCommand(describeSetupGit(environment, setExitCode));
  for (const host of hostNames) setup.addCommand(describeSetupHost(host, environment, setExitCode));
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

const hostDescriptions: Readonly<Record<HostName, string>> = {
  github: 'a repository at GitHub, with a GitHub App or a token',
  gitlab: 'a project at GitLab',
  gitea: 'a repository at Gitea',
  forgejo: 'a repository at Forgejo',
  bitbucket: 'a repository at Bitbucket Cloud, or at a Data Center of your own',
};

function describeSetupHost(host: HostName, environment: CliEnvironment, setExitCode: SetExitCode): Command {
  const command = withPlaceOptions(new Command(host))
    .description(`${hostDescriptions[host]}: makes its objects, says what to enter there, and checks it`)
    .option('--url <address>', 'of the repository: https://HOST/OWNER/NAME')
    .option('--token-file <file>', 'a file with the token; - for standard input (default: the one that is stored)')
    .option('--provider-url <address>', "the host's own address, if it is not where the repository's begins")
    .option('--webhook-url <address>', 'how the host reaches this server (default: where the server listens)')
    .option('-y, --yes', 'ask nothing', false);
  if (host === 'bitbucket') command.option('--user <mail>', 'of whom the token is, if it is that of a user');
  if (host === 'github') {
    command
      .option('--app-id <number>', 'of a GitHub App, in place of a token')
      .option('--private-key <file>', 'the key of that App; - for standard input');
  }
  return command
    .addHelpText('after', '\nOn a terminal, what is missing is asked for; nothing of a secret is shown.')
    .action(async (flags: Omit<SetupHostCommand, 'host'>) => {
      const { setupHostCommand } = await import('./setup-host.ts');
      setExitCode(await setupHostCommand({ ...flags, host }, environment));
    });
}

function withPlaceOptions(command: Command): Command {
  return withSystemNamespaceOption(withServerOption(command))
    .option('--name <name>', 'of the Repository (default: as the repository is called)')
    .option('-n, --namespace <name>', 'where the Repository and its runs are (default: that of the kubeconfig)')
    .option('--force', 'take over fields that somebody else has set', false);
}
