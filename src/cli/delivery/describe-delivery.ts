import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { withServerOption, withSystemNamespaceOption } from '../flags.ts';
import type { DeliveriesChoice, DeliveryCommand, DeliveryListCommand } from './delivery-commands.ts';

/** Deliveries that `list` shows unless told otherwise. */
export const shownDeliveriesDefault = 50;

type SetExitCode = (code: number) => void;

/** `penstock delivery …`: what came in from Git hosts, and what became of it. */
export function describeDelivery(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  const delivery = new Command('delivery').description('look at what Git hosts have sent, and what became of it');
  for (const command of [
    describeList(environment, setExitCode),
    describeShow(environment, setExitCode),
    describeReplay(environment, setExitCode),
  ]) {
    delivery.addCommand(command);
  }
  return delivery;
}

function describeList(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  return withSystemNamespaceOption(withServerOption(new Command('list')))
    .description('list what came in, the newest first')
    .option('-r, --repository <name>', 'only of this Repository: NAME or NAMESPACE/NAME')
    .addOption(
      new Option('--phase <phase>', 'only those that are so far').choices(['Pending', 'Planned', 'Done', 'Failed']),
    )
    .option('-l, --limit <number>', 'how many; 0 for all', parseCount, shownDeliveriesDefault)
    .addOption(
      new Option('-o, --output <form>', 'what to write').choices(['table', 'wide', 'json', 'yaml']).default('table'),
    )
    .action(async (flags: DeliveryListCommand) => {
      const { deliveryListCommand } = await import('./delivery-commands.ts');
      setExitCode(await deliveryListCommand(flags, environment));
    });
}

function describeShow(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  return withSystemNamespaceOption(withServerOption(new Command('show')))
    .description('show what one says, what each of its events led to, and its runs')
    .argument('<delivery>', 'its name, or how its name begins')
    .addOption(new Option('-o, --output <form>', 'what to write').choices(['text', 'json', 'yaml']).default('text'))
    .option('--body', 'write the body as it came, and nothing else', false)
    .action(async (name: string, flags: Omit<DeliveryCommand, 'name'>) => {
      const { deliveryShowCommand } = await import('./delivery-commands.ts');
      setExitCode(await deliveryShowCommand({ ...flags, name }, environment));
    });
}

function describeReplay(environment: CliEnvironment, setExitCode: SetExitCode): Command {
  return withSystemNamespaceOption(withServerOption(new Command('replay')))
    .description('let the same events happen once more: new attempts are made of what they start')
    .argument('<delivery>', 'its name, or how its name begins')
    .action(async (name: string, flags: DeliveriesChoice) => {
      const { deliveryReplayCommand } = await import('./replay-command.ts');
      setExitCode(await deliveryReplayCommand({ ...flags, name }, environment));
    });
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('a whole number is wanted');
  return Number(text);
}
