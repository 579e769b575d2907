import { Command, InvalidArgumentError, Option } from 'commander';
import { parseGoDuration } from '../tekton/durations.ts';
import { parseControllers, parsePort } from './flags.ts';
import {
  type CliEnvironment,
  type ControllerName,
  controllerNames,
  type ControllerOptions,
  type LeaseOptions,
} from './environment.ts';

/** The Lease by which replicas find their leader, unless told otherwise. */
export const leaseNameDefault = 'penstock-controller';

interface ControllerFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly controllers: readonly ControllerName[];
  readonly engine: 'penstock' | 'tekton';
  readonly namespace?: string;
  readonly leaderElect: boolean;
  readonly leaseName: string;
  readonly leaseNamespace?: string;
  readonly systemNamespace?: string;
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
  readonly healthPort?: number;
  readonly healthHost: string;
  readonly webhookPort?: number;
  readonly logs?: string;
  readonly logsPort?: number;
  readonly logsHost: string;
  readonly logsTls?: string;
  readonly hooksPort?: number;
  readonly hooksHost: string;
  readonly hooksTls?: string;
}

/** `penstock controller` and its options. */
export function describeController(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  return addElectionOptions(
    new Command('controller')
      .description('run the controllers of a Kubernetes cluster, or of another penstock serve')
      .option('--kubeconfig <file>', 'the cluster (default: KUBECONFIG, ~/.kube/config, or the cluster of this pod)')
      .option('--context <name>', 'a context of the kubeconfig (default: its current one)')
      .addOption(controllersOption())
      .addOption(
        new Option('--engine <engine>', 'who runs PipelineRuns: penstock, or the tekton that is installed')
          .choices(['penstock', 'tekton'])
          .default('penstock'),
      )
      .addOption(logsOption('none'))
      .option('--logs-port <number>', 'serve them here, over TLS, to who may read the logs of pods', parsePort)
      .option('--logs-host <address>', 'the address for that', '127.0.0.1')
      .option('--logs-tls <folder>', 'tls.crt and tls.key for that (default: a certificate of our own)')
      .option('--hooks-port <number>', 'take the webhooks of Git hosts here; 0 takes a free port', parsePort)
      .option('--hooks-host <address>', 'the address for that', '127.0.0.1')
      .option('--hooks-tls <folder>', 'tls.crt and tls.key for that (default: plain HTTP, behind an Ingress)')
      .option('-n, --namespace <name>', 'only what lives in this namespace (default: all)')
      .option(
        '--system-namespace <name>',
        "where Penstock's own objects are (default: --lease-namespace, or the pod's)",
      )
      .option('--health-port <number>', 'serve /healthz, /readyz and /metrics here; 0 takes a free port', parsePort)
      .option('--health-host <address>', 'the address for that', '127.0.0.1')
      .option(
        '--webhook-port <number>',
        'answer the admission webhook that `penstock install` sets up here',
        parsePort,
      ),
  ).action(async (flags: ControllerFlags, command: Command) => {
    const lease = flags.leaderElect ? leaseOf(flags, command) : undefined;
    const { controllerCommand } = await import('./controller-command.ts');
    const { kubeconfig, context, controllers, engine, namespace, healthPort, healthHost, webhookPort, logs } = flags;
    const options = {
      controllers,
      engine,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(lease === undefined ? {} : { lease }),
      ...systemNamespaceOf(flags),
      ...(logs === undefined ? {} : { logs }),
      ...logsAtOf(flags),
      ...hooksOf(flags),
      ...(healthPort === undefined ? {} : { health: { host: healthHost, port: healthPort } }),
      ...(webhookPort === undefined ? {} : { webhook: { port: webhookPort } }),
    };
    setExitCode(await controllerCommand(options, environment));
  });
}

function addElectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--leader-elect <yes>', 'of several replicas only the leader acts; false where there is only one')
        .default(true, 'true')
        .argParser(parseTruth),
    )
    .option('--lease-name <name>', 'the Lease by which replicas agree', leaseNameDefault)
    .option('--lease-namespace <name>', "its namespace (default: the pod's, or the context's)")
    .addOption(timeOption('--lease-duration <time>', 'so long others wait for a leader that is silent', '15s'))
    .addOption(timeOption('--renew-deadline <time>', 'so long a leader acts without having renewed the lease', '10s'))
    .addOption(timeOption('--retry-period <time>', 'the pause between tries', '2s'));
}

function logsAtOf({ logsPort: port, logsHost: host, logsTls }: ControllerFlags): Pick<ControllerOptions, 'logsAt'> {
  if (port === undefined) return {};
  return { logsAt: { host, port, ...(logsTls === undefined ? {} : { tlsFolder: logsTls }) } };
}

function hooksOf({ hooksPort: port, hooksHost: host, hooksTls }: ControllerFlags): Pick<ControllerOptions, 'hooks'> {
  if (port === undefined) return {};
  return { hooks: { host, port, ...(hooksTls === undefined ? {} : { tlsFolder: hooksTls }) } };
}

/** Who said where the Lease is has said where Penstock's own objects are, also when there is no election. */
function systemNamespaceOf({
  systemNamespace,
  leaseNamespace,
}: ControllerFlags): Pick<ControllerOptions, 'systemNamespace'> {
  const name = systemNamespace ?? leaseNamespace;
  return name === undefined ? {} : { systemNamespace: name };
}

/** `--logs`: where logs of steps are kept. */
export function logsOption(otherwise: string): Option {
  const places = 'a folder, s3://BUCKET/PREFIX?region=REGION&endpoint=URL, or none';
  return new Option('--logs <place>', `where logs of steps outlive their pods: ${places} (default: ${otherwise})`);
}

/** `--controllers engine,gate,triggers,reports`. */
export function controllersOption(): Option {
  return new Option('--controllers <names>', `those that run here: ${controllerNames.join(', ')} or none`)
    .argParser(parseControllers)
    .default(controllerNames, controllerNames.join(','));
}

function leaseOf(flags: ControllerFlags, command: Command): LeaseOptions {
  const { leaseName: name, leaseNamespace, leaseDuration, renewDeadline, retryPeriod } = flags;
  const ordered = leaseDuration > renewDeadline && renewDeadline >= retryPeriod * 2;
  if (!ordered || leaseDuration % 1_000 !== 0) {
    command.error(
      'error: --lease-duration must be whole seconds and longer than --renew-deadline, and that twice --retry-period',
    );
  }
  const times = { leaseMs: leaseDuration, renewMs: renewDeadline, retryMs: retryPeriod };
  return { name, ...times, ...(leaseNamespace === undefined ? {} : { namespace: leaseNamespace }) };
}

function timeOption(flags: string, description: string, otherwise: string): Option {
  return new Option(flags, description).argParser(parseTime).default(parseTime(otherwise), otherwise);
}

function parseTruth(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('it is true or false.');
}

function parseTime(text: string): number {
  const milliseconds = parseGoDuration(text);
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('a time is written as 15s or 1m30s.');
}
