import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Json, isJsonObject } from '../../base/json.ts';
import type { ChangedFiles } from '../../forge/forge.ts';
import type { TemplateFacts } from '../types.ts';
import { expandText } from './expand.ts';

interface Row {
  readonly id: string;
  readonly template: string;
  readonly expected?: string;
  readonly dicto: Readonly<Record<string, string>> | readonly [];
  readonly changedFiles: Json;
  readonly headers: Readonly<Record<string, readonly string[]>> | readonly [] | null;
  readonly rawEvent: Json;
}

const corpus = join(import.meta.dirname, '../../../../shared/corpus/pac/templates.json');
const skip = existsSync(corpus) ? false : 'the acceptance data of Pipelines-as-Code is not on this machine';
const rows = skip === false ? (JSON.parse(readFileSync(corpus, 'utf8')) as readonly Row[]) : [];

/** Rows about files that no host reports: expressions see four lists of paths and `all`, nothing else. */
const ofNoHost = /Test with file prefix but nil rawEvent|Files with nested structure/;
/** What the published test asks in code, of rows without `expected`. */
const checked: Readonly<Record<string, string>> = {
  'CEL array serialization': 'items: ["item1","item2"]',
  'CEL double value': 'price: 42.5',
};

function factsOf({ dicto, changedFiles, headers, rawEvent }: Row): TemplateFacts {
  const files = isJsonObject(changedFiles) ? (changedFiles['all'] as readonly string[]) : [];
  const changes: ChangedFiles = { added: files, modified: [], deleted: [], renamed: [], truncated: false };
  return {
    variables: Array.isArray(dicto) ? {} : (dicto as Readonly<Record<string, string>>),
    // An empty map of Go was written down as an empty list.
    body: Array.isArray(rawEvent) ? {} : rawEvent,
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, values]) => [name.toLowerCase(), values[0] ?? '']),
    ),
    files: changes,
  };
}

describe('the templates corpus of Pipelines-as-Code', { skip }, () => {
  for (const row of rows) {
    const name = row.id.split('#')[1] ?? row.id;
    const expected = row.expected ?? checked[name];
    const reason = ofNoHost.test(name) ? 'no host reports such files' : expected === undefined && 'no plain data';
    it(name, { skip: reason }, () => assert.equal(expandText(row.template, factsOf(row)), expected));
  }
});
