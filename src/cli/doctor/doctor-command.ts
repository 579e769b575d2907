import { type CliEnvironment, type ServerChoice, exitCodes } from '../environment.ts';
import { paintFor } from '../progress/style.ts';
import { FindingList } from './finding-text.ts';
import type { Finding } from './finding.ts';

/** `penstock doctor` as typed. */
export interface DoctorCommand extends ServerChoice {
  readonly repository?: string;
  readonly systemNamespace?: string;
  readonly output: 'text' | 'json';
}

/** `penstock doctor`: what works, what does not, and what to do. 1 when a check failed. */
export async function doctorCommand(command: DoctorCommand, environment: CliEnvironment): Promise<number> {
  const { screen } = environment;
  const list = new FindingList(paintFor(screen.colour));
  const found: Finding[] = [];
  const { repository, systemNamespace, output, ...server } = command;
  const question = {
    server,
    ...(systemNamespace === undefined ? {} : { systemNamespace }),
    ...(repository === undefined ? {} : { repository }),
  };
  await environment.examine(question, (finding) => {
    found.push(finding);
    screen.write(output === 'json' ? `${JSON.stringify(finding)}\n` : list.text(finding));
  });
  const count = (level: Finding['level']): number => found.filter((finding) => finding.level === level).length;
  const summary = { ok: count('ok'), warn: count('warn'), fail: count('fail') };
  if (output === 'text') screen.write(`\n${summary.ok} ok, ${summary.warn} to look at, ${summary.fail} failed\n`);
  return summary.fail === 0 ? exitCodes.succeeded : exitCodes.failed;
}
