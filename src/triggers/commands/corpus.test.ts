import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { argumentsOfComment } from './arguments.ts';
import { eventTypeOf, parseCommands, plainCommentEventType } from './parse-commands.ts';
import { skipWordOf } from './skip-words.ts';

const corpus = path.resolve(import.meta.dirname, '../../../../shared/corpus/pac/comments.json');
const missing = existsSync(corpus) ? false : `no corpus at ${corpus}`;

interface Row {
  readonly id: string;
  readonly comment?: string;
  readonly commitMessage?: string;
  readonly input?: string;
  readonly want?: unknown;
  readonly prName?: string;
  readonly branchName?: string;
  readonly wantError?: boolean;
}

/** The names of event types in the corpus, and the words they stand for. */
const symbols: Readonly<Record<string, string>> = {
  RetestAllCommentEventType: 'retest-all-comment',
  RetestSingleCommentEventType: 'retest-comment',
  TestAllCommentEventType: 'test-all-comment',
  TestSingleCommentEventType: 'test-comment',
  OkToTestCommentEventType: 'ok-to-test-comment',
  CancelCommentAllEventType: 'cancel-all-comment',
  CancelCommentSingleEventType: 'cancel-comment',
  NoOpsCommentEventType: 'no-ops-comment',
};

function rows(): readonly Row[] {
  return missing ? [] : (JSON.parse(readFileSync(corpus, 'utf8')) as readonly Row[]);
}

/** What our grammar makes of a row, in the words of the row's table. */
function answer(row: Row): unknown {
  const table = row.id.slice(0, row.id.indexOf('#'));
  const { commands, problems } = parseCommands(row.comment ?? '');
  const [first] = commands;
  switch (table) {
    case 'TestCommentEventTypeTest':
    case 'TestIsTestRetestComment':
      return first === undefined ? plainCommentEventType : eventTypeOf(first);
    case 'TestIsOkToTestComment':
      return first?.kind === 'ok-to-test';
    case 'TestCancelComment':
      return first?.kind === 'cancel';
    case 'TestGetPipelineRunFromComment':
    case 'TestGetPipelineRunFromCancelComment':
      return first?.name ?? '';
    case 'TestGetPipelineRunAndBranchNameFromTestComment':
    case 'TestGetPipelineRunAndBranchNameFromCancelComment':
      return { name: first?.name, branch: first?.branch, refused: problems.length > 0 };
    case 'TestGetSHAFromOkToTestComment':
      return first?.sha ?? '';
    case 'TestParseKeyValueArgs': {
      const { args } = argumentsOfComment(row.input ?? '');
      return Object.keys(args).length === 0 ? null : args;
    }
    case 'TestSkipCI':
      return skipWordOf({ trigger: 'push' }, row.commitMessage ?? '') !== undefined;
    default:
      throw new Error(`no such table: ${table}`);
  }
}

function wanted({ want, prName, branchName, wantError }: Row): unknown {
  if (wantError !== undefined) return { name: prName, branch: branchName, refused: wantError };
  const symbol = (want as { readonly symbol?: string } | null)?.symbol;
  return symbol === undefined ? want : symbols[symbol];
}

describe('the published tables of comments', { skip: missing }, () => {
  for (const row of rows()) it(row.id, () => assert.deepEqual(answer(row), wanted(row)));

  it('are all there', () => assert.ok(rows().length >= 61));
});
