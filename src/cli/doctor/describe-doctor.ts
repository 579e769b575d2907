import { Command, Option } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { withServerOption, withSystemNamespaceOption } from '../flags.ts';
import type { DoctorCommand } from './doctor-command.ts';

/** `penstock doctor`. */
export function describeDoctor(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  return withSystemNamespaceOption(withServerOption(new Command('doctor')))
    .description('check a server and its Repositories: what works, what does not, and what to do')
    .option('-r, --repository <name>', 'only this one: NAME or NAMESPACE/NAME')
    .addOption(new Option('-o, --output <form>', 'what to show').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit codes: 0 nothing failed, 1 a check failed, 2 wrong input or usage.')
    .action(async (flags: DoctorCommand) => {
      const { doctorCommand } = await import('./doctor-command.ts');
      setExitCode(await doctorCommand(flags, environment));
    });
}
