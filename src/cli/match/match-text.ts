import { type Paint, symbolOf } from '../progress/style.ts';
import type { ShownDefinition, ShownEvent, ShownExplanation, ShownProblem, ShownRule } from './explanation.ts';

/** An explanation for people: each event, each definition, and under it the rules that decided. */
export function matchText({ events, ignored, problems }: ShownExplanation, paint: Paint): string {
  const parts = [
    ...(ignored === undefined ? [] : [`nothing happens: ${oneLine(ignored)}\n`]),
    ...events.map((event) => eventText(event, paint)),
    ...(problems.length === 0
      ? []
      : [`wrong in .tekton:\n${problems.map((one) => `  ${problemText(one)}\n`).join('')}`]),
  ];
  return parts.join('\n');
}

function eventText({ summary, sha, nothing, notes, definitions }: ShownEvent, paint: Paint): string {
  const commit = sha === undefined || /^0+$/.test(sha) ? '' : ` at ${sha.slice(0, 12)}`;
  const lines = [
    `${oneLine(summary)}${commit}`,
    ...notes.map((note) => paint('yellow', `  note: ${oneLine(note)}`)),
    ...(nothing === undefined ? [] : [paint('yellow', `  nothing runs: ${oneLine(nothing)}`)]),
    ...definitions.flatMap((definition) => definitionLines(definition, paint)),
    ...(definitions.length === 0 && nothing === undefined ? ['  there is no definition in .tekton'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function definitionLines(
  { name, file, line, matched, rules, problem, warnings }: ShownDefinition,
  paint: Paint,
): readonly string[] {
  const fails = matched && problem !== undefined;
  const symbol = symbolOf(fails ? 'failed' : matched ? 'succeeded' : 'skipped', paint);
  const verdict = fails ? 'matches, and would fail' : matched ? 'matches' : 'does not match';
  return [
    `  ${symbol} ${oneLine(name)}  ${verdict}  ${paint('gray', `${file}:${line}`)}`,
    ...ruleLines(rules, paint),
    ...(problem === undefined ? [] : [`      ${paint('red', problemText(problem))}`]),
    ...warnings.map((warning) => `      ${paint('yellow', `warning: ${problemText(warning)}`)}`),
  ];
}

function ruleLines(rules: readonly ShownRule[], paint: Paint): readonly string[] {
  const widest = rules.reduce((width, { rule }) => Math.max(width, rule.length), 0);
  return rules.map(({ rule, wanted, found, ok }) => {
    const symbol = symbolOf(ok ? 'succeeded' : 'failed', paint);
    return `      ${symbol} ${rule.padEnd(widest)}  wants ${oneLine(wanted)}; found ${oneLine(found) || 'nothing'}`;
  });
}

/** `file:line:column: field: message`. */
function problemText({ file, line, column, field, message }: ShownProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return oneLine(`${place}: ${field === undefined || message.startsWith(field) ? '' : `${field}: `}${message}`);
}

/** Nothing that others wrote moves the cursor or takes a line more. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '');
}
