import { UserError } from '../../base/errors.ts';
import { stableJson } from '../../base/json.ts';
import { type CliEnvironment, exitCodes } from '../environment.ts';
import { paintFor } from '../progress/style.ts';
import type { MatchProvider, MatchQuestion, ShownExplanation } from './explanation.ts';
import { matchText } from './match-text.ts';

/** `penstock match` as typed. */
export interface MatchCommand {
  readonly directory: string;
  readonly event?: string;
  readonly headers?: string;
  readonly provider?: MatchProvider;
  readonly pr?: number;
  readonly repository?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly systemNamespace?: string;
  readonly changedFile: readonly string[];
  readonly namespace?: string;
  readonly param: readonly string[];
  readonly output: 'text' | 'json';
}

/** `penstock match`: why definitions are, or are not, for an event. 0 = one is, 1 = none is. */
export async function matchCommand(command: MatchCommand, environment: CliEnvironment): Promise<number> {
  const explanation = await environment.explainMatch(questionOf(command));
  const { screen } = environment;
  if (command.output === 'json') screen.write(`${stableJson(explanation, 2)}\n`);
  else screen.write(matchText(explanation, paintFor(screen.colour)));
  return matchesSomething(explanation) ? exitCodes.succeeded : exitCodes.failed;
}

function matchesSomething({ events }: ShownExplanation): boolean {
  return events.some(({ nothing, definitions }) => nothing === undefined && definitions.some(({ matched }) => matched));
}

function questionOf(command: MatchCommand): MatchQuestion {
  const { directory, changedFile, namespace } = command;
  return {
    directory,
    event: eventOf(command),
    ...(changedFile.length === 0 ? {} : { changedFiles: changedFile }),
    ...(namespace === undefined ? {} : { namespace }),
    params: Object.fromEntries(command.param.map(paramOf)),
  };
}

function eventOf(command: MatchCommand): MatchQuestion['event'] {
  const { event, headers, provider, pr, repository, kubeconfig, context, systemNamespace } = command;
  if ((event === undefined) === (pr === undefined)) {
    throw new UserError('say what happened: --event FILE or --pr NUMBER', { code: 'MATCH_EVENT' });
  }
  if (event !== undefined) {
    return {
      file: event,
      ...(headers === undefined ? {} : { headers }),
      ...(provider === undefined ? {} : { provider }),
    };
  }
  return {
    pullRequest: pr ?? 0,
    ...(repository === undefined ? {} : { repository }),
    ...(systemNamespace === undefined ? {} : { systemNamespace }),
    server: { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) },
  };
}

function paramOf(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw new UserError(`--param ${text} is not NAME=VALUE`, { code: 'PARAM_SYNTAX' });
}
