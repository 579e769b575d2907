import { Command, Option } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import type { InstallHookCommand } from './git-hook-commands.ts';
import type { StatusCommand } from './status-command.ts';

/** Tries of the program that a hook leaves behind: together some minutes. */
const backgroundTries = 8;

type SetExitCode = (code: number) => void;

/** `penstock status`. */
export function describeStatus(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  return new Command('status')
    .description('show what Penstock says of a commit of a plain Git repository')
    .argument('[revision]', 'a branch, a tag or a commit', 'HEAD')
    .addOption(repositoryOption())
    .option('-f, --follow', 'go on until all have ended', false)
    .addOption(new Option('-o, --output <form>', 'what to show').choices(['list', 'json']).default('list'))
    .addHelpText('after', '\nExit codes: 0 all succeeded, 1 one did not, 3 not all have ended or nothing is known.')
    .action(async (revision: string, flags: Omit<StatusCommand, 'revision'>) => {
      const { statusCommand } = await import('./status-command.ts');
      setExitCode(await statusCommand({ revision, ...flags }, environment));
    });
}

/** `penstock git-hook` with its commands. */
export function describeGitHook(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  const command = new Command('git-hook').description('tell Penstock of pushes to a plain Git repository');
  command
    .command('install')
    .description('write the post-receive hook; done again, it changes what is given')
    .addOption(repositoryOption())
    .option('--url <address>', 'where Penstock is (default: as before, or http://127.0.0.1:8481)')
    .option('--secret-file <file>', 'what Penstock knows the sender by (default: a new one in the repository)')
    .option('--repository-url <address>', 'how the Repository object names it (default: by its path)')
    .action(async (flags: InstallHookCommand) => {
      const { installHookCommand } = await import('./git-hook-commands.ts');
      setExitCode(await installHookCommand(flags, environment));
    });
  command
    .command('uninstall')
    .description('remove the hook, and bring back the one that was there before')
    .addOption(repositoryOption())
    .action(async ({ repository }: { readonly repository: string }) => {
      const { uninstallHookCommand } = await import('./git-hook-commands.ts');
      setExitCode(await uninstallHookCommand(repository, environment));
    });
  for (const [name, triesMax, description] of [
    ['flush', 1, 'send now what could not be sent before'],
    ['send', backgroundTries, 'what the hook runs in the background'],
  ] as const) {
    command
      .command(name, { hidden: name === 'send' })
      .description(description)
      .addOption(repositoryOption())
      .action(async ({ repository }: { readonly repository: string }) => {
        const { sendPushesCommand } = await import('./git-hook-commands.ts');
        setExitCode(await sendPushesCommand({ repository, triesMax }, environment));
      });
  }
  return command;
}

function repositoryOption(): Option {
  return new Option('-C, --repository <folder>', 'a folder in the repository').default('.');
}
