import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock } from '../base/system-clock.ts';
import type { CliEnvironment } from '../cli/environment.ts';
import { runProgram } from '../cli/program.ts';
import { readEnvironment } from './environment.ts';
import { onInterrupt } from './interrupts.ts';
import { localFiles } from './local-files.ts';
import { terminalQuestions } from './terminal-questions.ts';
import { processScreen } from './terminal.ts';

const processEnvironment = readEnvironment();

const environment: CliEnvironment = {
  screen: processScreen(processEnvironment),
  files: localFiles,
  clock: systemClock,
  version: ownVersion(),
  onInterrupt,
  // Loaded only when asked for: `--help` and `lint` need none of it.
  async openRunHome(options) {
    const { openRunHome } = await import('./run-home.ts');
    return openRunHome(options, processEnvironment);
  },
  async serve(options) {
    const { serve } = await import('./serve.ts');
    return serve(options, processEnvironment);
  },
  async control(options) {
    const { control } = await import('./control.ts');
    return control(options, processEnvironment);
  },
  async openGit() {
    const { openLocalGit } = await import('./local-git.ts');
    return openLocalGit(processEnvironment, process.argv[1] ?? '');
  },
  newSecret: () => randomBytes(32).toString('hex'),
  ...terminalQuestions(),
  async examine(question, tell) {
    const { examine } = await import('./doctor/examine.ts');
    return examine(question, tell, processEnvironment);
  },
  async explainMatch(question) {
    const { explainLocally } = await import('./match.ts');
    return explainLocally(question, processEnvironment);
  },
  async connect(choice) {
    const { connect } = await import('./connect.ts');
    return connect(choice, processEnvironment);
  },
};

process.exitCode = await runProgram(process.argv.slice(2), environment);

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
