import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject } from '../base/json.ts';
import type { UnknownObject } from '../kube/object.ts';
import { builtinKinds } from '../schema/core/builtin-kinds.ts';
import type { KindDefinition, PrinterColumn } from '../schema/kind-definition.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import { ageText } from './age.ts';
import { compileJsonPath, pathResultsMax, pathStepsMax } from './json-path.ts';
import { renderTable } from './tables.ts';

const nowMs = Date.parse('2026-01-02T00:00:00Z');

function kindNamed(name: string): KindDefinition {
  const kind = [...builtinKinds, ...tektonKinds].find(({ type }) => type.kind === name);
  assert.ok(kind);
  return kind;
}

/** Heading → cell of the only row. */
function cellsOf(kind: KindDefinition, object: JsonObject): Readonly<Record<string, Json>> {
  const table = renderTable(kind, [object as unknown as UnknownObject], { nowMs });
  const columns = table['columnDefinitions'] as readonly { readonly name: string }[];
  const [row] = table['rows'] as readonly { readonly cells: readonly Json[] }[];
  assert.equal(row?.cells.length, columns.length);
  return Object.fromEntries(columns.map(({ name }, index) => [name, row?.cells[index] ?? null]));
}

describe('renderTable', () => {
  it('shows a pod as kubectl does', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'n', creationTimestamp: '2026-01-01T23:55:00Z' },
      spec: { containers: [{ name: 'a' }], nodeName: 'here' },
      status: {
        phase: 'Running',
        containerStatuses: [{ name: 'a', ready: true, restartCount: 2, state: { running: {} } }],
      },
    };
    assert.deepEqual(cellsOf(kindNamed('Pod'), pod), {
      Name: 'p',
      Ready: '1/1',
      Status: 'Running',
      Restarts: '2',
      Age: '5m',
      IP: '<none>',
      Node: 'here',
      'Nominated Node': '<none>',
      'Readiness Gates': '<none>',
    });
  });

  it('finds the condition of a PipelineRun', () => {
    const run = {
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { name: 'r', creationTimestamp: '2026-01-01T00:00:00Z' },
      status: {
        startTime: '2026-01-01T23:59:00Z',
        conditions: [
          { type: 'Other', status: 'Unknown' },
          { type: 'Succeeded', status: 'False', reason: 'Failed' },
        ],
      },
    };
    assert.deepEqual(cellsOf(kindNamed('PipelineRun'), run), {
      Name: 'r',
      Succeeded: 'False',
      Reason: 'Failed',
      StartTime: '60s',
      CompletionTime: null,
    });
  });

  it('says that an age is not known', () => {
    assert.equal(cellsOf(kindNamed('ConfigMap'), { metadata: { name: 'c' } })['Age'], '<unknown>');
    const broken = { metadata: { name: 'c', creationTimestamp: 'yesterday' } };
    assert.equal(cellsOf(kindNamed('ConfigMap'), broken)['Age'], '<invalid>');
  });

  it('gives typed cells, and nothing where the value is of another type', () => {
    const columns: readonly PrinterColumn[] = [
      { name: 'Count', type: 'integer', jsonPath: '.n' },
      { name: 'Share', type: 'number', jsonPath: '.x' },
      { name: 'On', type: 'boolean', jsonPath: '.b' },
      { name: 'Text', type: 'string', jsonPath: '.o' },
      { name: 'Wrong', type: 'integer', jsonPath: '.b' },
      { name: 'None', type: 'string', jsonPath: '.none' },
    ];
    const kind = { ...kindNamed('ConfigMap'), printerColumns: columns };
    assert.deepEqual(cellsOf(kind, { metadata: { name: 'c' }, n: 3, x: 0.5, b: true, o: { a: [1] } }), {
      Name: 'c',
      Count: 3,
      Share: 0.5,
      On: true,
      Text: '{"a":[1]}',
      Wrong: null,
      None: null,
    });
  });

  it('carries as much of the objects as was asked for, and the metadata of the list', () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' } } as UnknownObject;
    const rowOf = (includeObject?: 'None' | 'Metadata' | 'Object'): Json | undefined => {
      const options = { nowMs, metadata: { resourceVersion: '7' }, ...(includeObject ? { includeObject } : {}) };
      const table = renderTable(kindNamed('ConfigMap'), [object], options);
      assert.deepEqual(table['metadata'], { resourceVersion: '7' });
      return (table['rows'] as readonly JsonObject[])[0]?.['object'];
    };
    assert.equal(rowOf('None'), undefined);
    assert.equal(rowOf('Object'), object);
    const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
    assert.deepEqual(rowOf(), partial);
  });

  it('can evaluate the columns of every kind', () => {
    for (const { printerColumns, type } of [...builtinKinds, ...tektonKinds]) {
      for (const { jsonPath, value, name } of printerColumns)
        assert.ok(value !== undefined || !('problem' in compileJsonPath(jsonPath ?? '')), `${type.kind} ${name}`);
    }
  });
});

describe('compileJsonPath', () => {
  const document = {
    a: { b: [{ n: 1, t: 'x' }, { n: 2, t: 'y', ok: true }, { n: 3 }], 'c.d/e': 'dotted' },
    m: { p: 1, q: 2 },
  };
  const cases: readonly (readonly [string, readonly Json[]])[] = [
    ['.a.b[0].n', [1]],
    ['.a.b[-1].n', [3]],
    ['.a.b[7].n', []],
    ['.a.b[*].n', [1, 2, 3]],
    ['.m.*', [1, 2]],
    ['{.m.p}', [1]],
    ['.a.c\\.d/e', ['dotted']],
    [".a['c.d/e']", ['dotted']],
    ['.a.b[?(@.t=="y")].n', [2]],
    [".a.b[?(@.t == 'y')].n", [2]],
    ['.a.b[?(@.t!="y")].n', [1]],
    ['.a.b[?(@.n>=2)].n', [2, 3]],
    ['.a.b[?(@.n<2)].n', [1]],
    ['.a.b[?(@.ok==true)].n', [2]],
    ['.a.b[?(@.ok)].n', [2]],
    ['.a.b[?(@.t>1)].n', []],
    ['.a.toString', []],
    ['.a.b.n', []],
  ];
  for (const [text, expected] of cases) {
    it(text, () => {
      const path = compileJsonPath(text);
      assert.ok(!('problem' in path), 'problem' in path ? path.problem : '');
      assert.deepEqual(path.evaluate(document), expected);
    });
  }

  for (const text of [
    '',
    'a.b',
    '.',
    '..a',
    '.a[',
    '.a[1:2]',
    '.a[?(@.b==)]',
    '.a[?(@.b=="c"]',
    '.a b',
    '.a[?(@.b[?(@.c)])]',
    '.a'.repeat(pathStepsMax + 1),
    `.${'a'.repeat(1000)}`,
  ])
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () => assert.ok('problem' in compileJsonPath(text)));

  it('collects no more than its limit', () => {
    const path = compileJsonPath('.a[*]');
    assert.ok(!('problem' in path));
    assert.equal(path.evaluate({ a: Array.from({ length: pathResultsMax + 5 }, () => 0) }).length, pathResultsMax);
  });

  it('never throws', () => {
    const piece = fc.constantFrom('.', 'a', '[', ']', '*', '?(@', ')', '"', "'", '==', '0', '-', '\\', ' ', '{', '}');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.jsonValue(), (pieces, value) => {
        const path = compileJsonPath(pieces.join(''));
        if (!('problem' in path)) assert.ok(Array.isArray(path.evaluate(value)));
      }),
    );
  });
});

describe('ageText', () => {
  const cases: readonly (readonly [number, string])[] = [
    [-5, '<invalid>'],
    [-0.5, '0s'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [200, '3m20s'],
    [600, '10m'],
    [3 * 3600 - 1, '179m'],
    [3 * 3600, '3h'],
    [5 * 3600 + 600, '5h10m'],
    [30 * 3600, '30h'],
    [3 * 86400 + 4 * 3600, '3d4h'],
    [200 * 86400, '200d'],
    [2 * 365 * 86400 + 30 * 86400, '2y30d'],
    [9 * 365 * 86400, '9y'],
  ];
  for (const [seconds, expected] of cases)
    it(`${seconds} s is ${expected}`, () => assert.equal(ageText(seconds * 1000), expected));
});
