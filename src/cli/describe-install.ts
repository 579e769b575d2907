import { Command, InvalidArgumentError, Option } from 'commander';
import { type CliEnvironment, type ServerChoice } from './environment.ts';
import type { InstallFlags } from './install-command.ts';

/** `penstock install` and its options. */
export function describeInstall(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  return new Command('install')
    .description('put Penstock on a Kubernetes cluster, or print what that takes')
    .option('--dry-run', 'print the manifests and touch nothing')
    .addOption(new Option('-o, --output <form>', 'with --dry-run').choices(['yaml', 'json']).default('yaml'))
    .option('-n, --namespace <name>', 'where Penstock itself runs (default: penstock)')
    .option('--image <image>', 'the image to run (default: penstock and the version of this program)')
    .option('--replicas <number>', 'how many; one leads, all answer webhooks (default: 2)', parseCount)
    .addOption(
      new Option('--engine <engine>', 'who runs PipelineRuns: penstock, or the tekton that is installed')
        .choices(['penstock', 'tekton'])
        .default('penstock'),
    )
    .option('--without-tekton-crds', "leave out the kinds of Tekton: the cluster has Tekton's own")
    .option('--without-pipelines-as-code-crds', 'leave out the kind Repository: the cluster has it')
    .option('--logs <bucket>', 'keep logs of steps here: s3://BUCKET/PREFIX?region=REGION&endpoint=URL')
    .option('--logs-claim <name>', 'or in this PersistentVolumeClaim, which all replicas can mount')
    .option(
      '--hooks-tls-secret <name>',
      'webhooks come in over TLS, with the certificate of this Secret (default: HTTP)',
    )
    .option('--ingress-host <name>', 'the DNS name by which Git hosts call their webhooks: adds an Ingress')
    .option('--ingress-class <name>', 'the class of that Ingress (default: that of the cluster)')
    .option('--ingress-tls-secret <name>', 'the Secret with its certificate (default: what its controller has)')
    .option('--with-service-monitor', 'add a ServiceMonitor for the Prometheus Operator')
    .option('--new-repositories', 'let Penstock make namespaces and Repositories for what is new at GitHub')
    .option('--kubeconfig <file>', 'the cluster (default: KUBECONFIG, or ~/.kube/config)')
    .option('--context <name>', 'a context of the kubeconfig (default: its current one)')
    .action(async (flags: InstallFlags & ServerChoice) => {
      const { installCommand } = await import('./install-command.ts');
      setExitCode(await installCommand(flags, environment));
    });
}

function parseCount(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('write a whole number.');
}
