import { Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';

interface LogsFlags {
  readonly task?: string;
  readonly step?: string;
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** `penstock logs`. What does the work is loaded when it is asked for. */
export function describeLogs(environment: CliEnvironment, setExitCode: (code: number) => void): Command {
  return new Command('logs')
    .description('show the logs of a PipelineRun or TaskRun, also when its pods are gone')
    .argument('<run>', 'the name of a PipelineRun or TaskRun')
    .option('-t, --task <name>', 'only this task of the pipeline')
    .option('-s, --step <name>', 'only this step')
    .option('-f, --follow', 'go on until the run has ended', false)
    .option('--timestamps', 'put the instant of each line in front of it', false)
    .option('-n, --namespace <name>', "where the run is (default: the context's)")
    .option('--kubeconfig <file>', 'the server (default: as for penstock queue)')
    .option('--context <name>', 'a context of the kubeconfig (default: its current one)')
    .action(async (run: string, flags: LogsFlags) => {
      const { logsCommand } = await import('./logs-command.ts');
      setExitCode(await logsCommand({ run, ...flags }, environment));
    });
}
