import { type CliEnvironment, exitCodes } from '../environment.ts';

/** `penstock git-hook install` as typed. */
export interface InstallHookCommand {
  readonly repository: string;
  readonly url?: string;
  readonly secretFile?: string;
  readonly repositoryUrl?: string;
}

/** `penstock git-hook install`: from now on, pushes to the repository are told to Penstock. */
export async function installHookCommand(command: InstallHookCommand, environment: CliEnvironment): Promise<number> {
  const { screen, files } = environment;
  const { repository, secretFile, ...rest } = command;
  const git = await environment.openGit();
  const secret = secretFile === undefined ? {} : { secretFile: files.resolve(secretFile) };
  const installed = await git.installHook({ ...rest, ...secret, folder: repository });
  const lines = [
    `pushes to ${installed.gitDirectory} are told to ${installed.address}`,
    ...(installed.earlier === undefined ? [] : [`the hook that was there goes on as ${installed.earlier}`]),
    `the Repository object names it: url: ${installed.repositoryUrl}`,
    `${installed.secretIsNew ? 'a new secret is' : 'the secret is'} in ${installed.secretFile}`,
  ];
  screen.write(`${lines.join('\n')}\n`);
  return exitCodes.succeeded;
}

/** `penstock git-hook uninstall`. */
export async function uninstallHookCommand(repository: string, environment: CliEnvironment): Promise<number> {
  const git = await environment.openGit();
  const removed = await git.uninstallHook(repository);
  environment.screen.write(removed ? 'the hook is removed\n' : 'there was no hook of Penstock\n');
  return exitCodes.succeeded;
}

/** `penstock git-hook send` (in the background of a push) and `flush` (by hand): Penstock is told of what waits. */
export async function sendPushesCommand(
  command: { readonly repository: string; readonly triesMax: number },
  environment: CliEnvironment,
): Promise<number> {
  const { screen } = environment;
  const git = await environment.openGit();
  const { sent, refused, waiting, problem } = await git.sendPushes(command.repository, command.triesMax);
  screen.write(`${sent} sent, ${refused} refused, ${waiting} waiting\n`);
  if (problem !== undefined) screen.writeError(`${problem}\n`);
  return waiting + refused === 0 ? exitCodes.succeeded : exitCodes.failed;
}
