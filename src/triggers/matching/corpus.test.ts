import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { compileLinearRegex } from '../../cel/linear-regex.ts';
import { parseCommands } from '../commands/parse-commands.ts';
import type { MatchTrigger } from '../types.ts';
import { parseAnnotationList } from './annotation-list.ts';
import { compileRefPattern } from './branches.ts';
import { matchDefinitions } from './match.ts';

const corpus = path.resolve(import.meta.dirname, '../../../../shared/corpus/pac/patterns.json');
const missing = existsSync(corpus) ? false : `no corpus at ${corpus}`;

interface Row {
  readonly id: string;
  readonly text?: string;
  readonly matched?: boolean;
  readonly args?: { readonly reg?: string; readonly comment?: string; readonly annotation?: string };
  readonly want?: unknown;
  readonly wantErr?: boolean;
  readonly baseBranch?: string;
  readonly prunBranch?: string;
  readonly output?: boolean;
  readonly prun?: { readonly ObjectMeta: { readonly Annotations: Readonly<Record<string, string>> } };
  readonly event?: { readonly TriggerTarget: { readonly symbol: string }; readonly BaseBranch: string };
  readonly expectedMatch?: boolean;
  readonly expectedError?: unknown;
}

/** What a row wants, and what we make of it. */
type Compared = readonly [actual: unknown, wanted: unknown];

const tables: Readonly<Record<string, (row: Row) => Compared | Promise<Compared>>> = {
  // The published regular expression finds /ok-to-test as a command of the comment.
  TestRegexp: ({ text = '', matched }) => [
    parseCommands(text).commands.some(({ kind }) => kind === 'ok-to-test'),
    matched,
  ],
  TestMatchRegexp: ({ args, want }) => [compileLinearRegex(args?.reg ?? '').test(args?.comment ?? ''), want],
  TestBranchMatch: ({ prunBranch = '', baseBranch = '', output }) => {
    const pattern = compileRefPattern(prunBranch);
    return [pattern.ok && pattern.matches(baseBranch), output];
  },
  Test_getAnnotationValues: ({ args, want, wantErr }) => {
    const result = parseAnnotationList(args?.annotation ?? '');
    return [result.ok ? result.items : 'refused', wantErr === true ? 'refused' : want];
  },
  TestGetTargetBranch: async (row) => {
    const [result] = await matchDefinitions([definitionOf(row)], factsOf(row), { namespace: 'x' });
    const wanted =
      row.expectedError === undefined
        ? { matched: row.expectedMatch, refused: false }
        : { matched: false, refused: true };
    return [{ matched: result?.matched, refused: result?.problem !== undefined }, wanted];
  },
};

function definitionOf({ prun }: Row): Parameters<typeof matchDefinitions>[0][number] {
  const names: Readonly<Record<string, string>> = {
    'keys.OnEvent': 'on-event',
    'keys.OnTargetBranch': 'on-target-branch',
  };
  const annotations = Object.entries(prun?.ObjectMeta.Annotations ?? {}).map(([key, value]): [string, string] => {
    assert.ok(names[key], key);
    return [`pipelinesascode.tekton.dev/${names[key]}`, value];
  });
  return { name: 'a', file: 'a.yaml', line: 1, annotations: Object.fromEntries(annotations), object: {} };
}

function factsOf({ event }: Row): Parameters<typeof matchDefinitions>[1] {
  const triggers: Readonly<Record<string, MatchTrigger>> = { PullRequest: 'pull_request', Incoming: 'incoming' };
  const trigger = triggers[event?.TriggerTarget.symbol ?? ''];
  assert.ok(event && trigger);
  return {
    trigger,
    eventType: trigger,
    eventTitle: '',
    targetBranch: event.BaseBranch,
    sourceBranch: '',
    targetUrl: '',
    sourceUrl: '',
    labels: [],
    body: {},
    headers: {},
    params: {},
    changedFiles: () => Promise.reject(new Error('no rule of these rows is about files')),
  };
}

function rows(): readonly Row[] {
  return missing ? [] : (JSON.parse(readFileSync(corpus, 'utf8')) as readonly Row[]);
}

describe('the published tables of patterns', { skip: missing }, () => {
  for (const row of rows()) {
    it(row.id, async () => {
      const compare = tables[row.id.slice(0, row.id.indexOf('#'))];
      assert.ok(compare, 'a table we do not know');
      const [actual, wanted] = await compare(row);
      assert.deepEqual(actual, wanted);
    });
  }

  it('are all there', () => assert.ok(rows().length >= 28));
});
