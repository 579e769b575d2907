/** Each rule on a small project that breaks it, and on one that does not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bans, entryPoints, type Room } from '../../architecture.ts';
import { banned, pureRooms, unfinishedWork } from './bans.ts';
import { errorCodesPath, unexplainedCodes } from './error-codes.ts';
import { importCycles, importTable } from './import-table.ts';
import { layout } from './layout.ts';
import { deadLinks } from './links.ts';
import { projectOf, type Finding } from './project.ts';
import { deadExports, deadFiles } from './reach.ts';
import { mapOf, staleMap, withMap } from './readme-map.ts';
import { findingText } from './rules.ts';
import { longFiles, tooLong } from './sizes.ts';

const rooms: readonly Room[] = [
  { name: 'base', rank: 0, pure: true, owns: 'what the language lacks' },
  { name: 'client', rank: 1, owns: 'the client', packages: ['ws'] },
  { name: 'store', rank: 1, owns: 'the store' },
  { name: 'apiserver', rank: 2, owns: 'the API', mayNotImport: ['client'] },
];

function texts(findings: readonly Finding[]): readonly string[] {
  return findings.map(findingText);
}

describe('importTable', () => {
  const clock = { 'src/base/clock.ts': '' };
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
    ['a lower rank', { ...clock, 'src/store/a.ts': `import { now } from '../base/clock.ts';` }, []],
    [
      'a higher rank',
      { 'src/base/a.ts': `\nimport type { S } from '../store/s.ts';`, 'src/store/s.ts': '' },
      ['src/base/a.ts:2 base (rank 0) may not import store (rank 1): imports go to a lower rank'],
    ],
    [
      'the same rank',
      { 'src/client/a.ts': `export { s } from '../store/s.ts';`, 'src/store/s.ts': '' },
      ['src/client/a.ts:1 client (rank 1) may not import store (rank 1): imports go to a lower rank'],
    ],
    [
      'a pair that the table forbids',
      { 'src/apiserver/a.ts': `const c = await import('../client/c.ts');`, 'src/client/c.ts': '' },
      ['src/apiserver/a.ts:1 apiserver may not import client'],
    ],
    ['an unknown room', { 'src/cellar/a.ts': '' }, ['src/cellar/a.ts architecture.ts has no room cellar']],
    [
      'what is outside of src',
      { 'src/store/a.ts': `import '../../tools/x.ts';`, 'tools/x.ts': '' },
      ['src/store/a.ts:1 src may not import tools/x.ts'],
    ],
    [
      'node: in a pure room',
      {
        'src/base/a.ts': `import { join } from 'node:path';`,
        'src/base/a.test.ts': `import 'node:path';`,
        'src/base/case-table.ts': `import { it } from 'node:test'; import 'node:path';`,
        'src/base/testing/b.ts': `import 'node:path';`,
      },
      ['src/base/a.ts:1 base is pure: it may not import node:path'],
    ],
    [
      'packages',
      { 'src/client/a.ts': `import ws from 'ws';`, 'src/store/a.ts': `import 'ws';\nimport lodash from 'lodash/fp';` },
      [
        'src/store/a.ts:1 only client may import ws',
        'src/store/a.ts:2 no room of architecture.ts wraps the package lodash/fp',
      ],
    ],
    [
      'no ending',
      { ...clock, 'src/base/a.ts': `import './clock';`, 'test/b.ts': `import '../src/base/c.ts';` },
      [
        'src/base/a.ts:1 ./clock is no file: write the path with its ending (.ts)',
        'test/b.ts:1 ../src/base/c.ts is no file: write the path with its ending (.ts)',
      ],
    ],
    ['imports that are only text', { 'src/base/a.ts': `// import '../store/s.ts'\nconst a = "import '../x.ts'";` }, []],
  ];
  for (const [title, files, expected] of cases) {
    it(`checks ${title}`, () => assert.deepEqual(texts(importTable(projectOf(files), rooms)), expected));
  }
});

describe('importCycles', () => {
  it('names the files of a cycle, once', () => {
    const files = {
      'src/a.ts': `import './b.ts';`,
      'src/b.ts': `import type { C } from './c.ts';`,
      'src/c.ts': `export type { B } from './b.ts';`,
      'src/d.ts': `import './a.ts'; import './c.ts';`,
    };
    assert.deepEqual(texts(importCycles(projectOf(files))), ['src/b.ts import cycle: src/b.ts → src/c.ts → src/b.ts']);
    assert.deepEqual(importCycles(projectOf({ ...files, 'src/c.ts': '' })), []);
  });
});

describe('banned', () => {
  const breaking: Readonly<Record<string, readonly string[]>> = {
    'the system clock': [
      'Date.now()',
      'new Date( )',
      'setTimeout(f, 1)',
      `import { setTimeout as s } from 'node:timers/promises'`,
    ],
    'the end of a turn of the event loop': ['setImmediate(f)', 'process.nextTick(f)'],
    'system randomness': ['Math.random()', 'crypto.randomUUID()'],
    'the environment': ['process.env', `process.env['HOME']`],
    fetch: ['await fetch(url)', 'x = fetch (url)'],
    'the process': ['process.exit(1)', 'console.log(a)'],
    'signals to processes': ['process.kill(pid)'],
    'child processes': [`import { spawn } from 'node:child_process'`],
    SQLite: [`import { DatabaseSync } from 'node:sqlite'`],
    sockets: [`import { request } from 'node:https'`],
    'the disk': [`import { readFile } from 'node:fs/promises'`],
    'the type any': [
      'let a: any',
      'f(b as any)',
      'x<string, any>',
      'type T = string | any',
      'const f = (a:any[]) => a',
    ],
    'syntax that types alone cannot erase': ['export enum A { b }', 'const enum A { b }', 'namespace N { }'],
    'a test that hides others': [`it.only('a', f)`],
  };
  const fine = [
    'new Date(0)',
    'this.#fetch(x)',
    'api.fetch(x)',
    'const text = "Date.now()"; // Date.now()',
    'const pattern = /Math.random()/;',
    'const t = `process.env`;',
    'let company: anything',
    'function f(any: string) {}',
    'const many = { any: 1 };',
    'const enumeration = {};',
    'clock.setTimeoutMs',
  ];
  it('covers every ban of architecture.ts', () => {
    assert.deepEqual(
      Object.keys(breaking),
      bans.map(({ what }) => what),
    );
  });
  for (const [what, samples] of Object.entries(breaking)) {
    it(`finds ${what}`, () => {
      for (const sample of samples) {
        const found = texts(banned(projectOf({ 'src/kube/a.ts': `const first = 1;\n${sample};` }), bans));
        assert.equal(found.length, 1, `${sample}: ${found.join('; ')}`);
        assert.ok(found[0]?.startsWith(`src/kube/a.ts:2 ${what}`), found[0]);
      }
    });
  }
  it('lets through what only looks like it', () => {
    for (const sample of fine)
      assert.deepEqual(texts(banned(projectOf({ 'src/kube/a.ts': sample }), bans)), [], sample);
  });
  it('allows things where they belong', () => {
    const files = {
      'src/base/system-clock.ts': 'Date.now()',
      'src/store/sqlite-store.ts': `import { DatabaseSync } from 'node:sqlite'`,
      'src/engine/a.test.ts': `import { spawn } from 'node:child_process'`,
      'tools/a.ts': 'process.env; Date.now();',
    };
    assert.deepEqual(banned(projectOf(files), bans), []);
  });
});

describe('pureRooms', () => {
  it('finds what only Node has, but not a property of that name', () => {
    const files = {
      'src/base/a.ts': `const a = 1;\nBuffer.from(a);`,
      'src/base/b.ts': `run.process; interface R { process: string; Buffer?: 1 } const c = { process: 1 };`,
      'src/base/c.ts': 'new URL(import.meta.url)',
      'src/store/a.ts': 'Buffer.from(a);',
    };
    assert.deepEqual(texts(pureRooms(projectOf(files), rooms)), [
      'src/base/a.ts:2 base is pure: it may not use what only Node has',
      'src/base/c.ts:1 base is pure: it may not use what only Node has',
    ]);
  });
});

describe('unfinishedWork', () => {
  it('finds notes for later and checks switched off without a reason', () => {
    // Put together here, so that the rule does not find its own test.
    const word = ['TO', 'DO'].join('');
    const off = ['oxlint', 'disable', 'next-line'].join('-');
    const files = {
      'src/a.ts': `const a = 1;\n// ${word} later`,
      'src/b.ts': `// ${off} no-var\n// ${['@ts', 'ignore'].join('-')}`,
      'src/c.ts': `// ${off} no-var -- shown on purpose\nconst ${word}S = 1;`,
    };
    assert.deepEqual(texts(unfinishedWork(projectOf(files))), [
      'src/a.ts:2 unfinished work',
      'src/b.ts:1 a check switched off without its reason (`-- why`)',
      'src/b.ts:2 a check switched off without its reason (`-- why`)',
    ]);
  });
});

describe('tooLong', () => {
  const limits = { fileMax: 12, fileNoticed: 8, functionMax: 4 };
  const body = (lines: number): string => '\n  work();'.repeat(lines);
  const found = (code: string): readonly string[] => texts(tooLong(projectOf({ 'src/a.ts': code }), limits));

  it('finds long files', () => {
    assert.deepEqual(found('\n'.repeat(12)), []);
    assert.deepEqual(found('\n'.repeat(13)), ['src/a.ts 13 lines; a file has 12 at most']);
    assert.deepEqual(texts(longFiles(projectOf({ 'src/a.ts': '\n'.repeat(9) }), limits)), ['src/a.ts 9 lines']);
  });

  const heads = [
    'export async function f(a: string): Promise<{ b: 1 }>',
    'function f({ a }: { a: string }): { readonly b: 1 }',
    'const f = (a: string): void =>',
    'class A { f(a = g()): asserts a is string',
    'const o = { f()',
    'list.map((one) =>',
  ];
  for (const head of heads) {
    it(`measures ${head}`, () => {
      assert.deepEqual(found(`\n${head} {${body(2)}\n}`), []);
      assert.deepEqual(found(`\n${head} {${body(4)}\n}`), ['src/a.ts:2 a function of 6 lines; 4 at most']);
    });
  }

  it('does not take a class for the result of the function before it', () => {
    assert.deepEqual(found(`function f(a: A): B {\n  return new C(a);\n}\n\nclass C implements B {${body(4)}\n}`), []);
  });

  it('leaves objects, blocks and suites alone', () => {
    for (const head of [
      'const a =',
      'class A',
      'if (a(b))',
      'for (const a of b())',
      `describe('a', () =>`,
      'function describeReads(store: () => Store): void',
      'interface A',
    ]) {
      assert.deepEqual(found(`${head} {${body(6)}\n}`), [], head);
    }
  });
});

describe('layout', () => {
  const limits = { roomReadmeMax: 3, depthMax: 2 };
  const found = (files: Readonly<Record<string, string>>, table: readonly Room[] = []): readonly string[] =>
    texts(layout(projectOf(files), table, limits));

  it('checks names and depth', () => {
    assert.deepEqual(found({ 'src/base/work-queue.ts': '', 'src/a/b/c.slow.test.ts': '', 'bin/x.js': '' }), []);
    assert.deepEqual(found({ 'src/base/workQueue.ts': '' }), ['src/base/workQueue.ts file names are kebab-case']);
    assert.deepEqual(found({ 'src/base/utils.ts': '' }), ['src/base/utils.ts name the file for the concept it holds']);
    assert.deepEqual(found({ 'src/a/b/c/d.ts': '' }), ['src/a/b/c/d.ts more than 2 folders below src/']);
  });

  it('finds barrels', () => {
    const message = 'a barrel: import from the file that has the thing';
    assert.deepEqual(found({ 'src/a.ts': `export * from './b.ts';\nexport const c = 1;` }), [`src/a.ts ${message}`]);
    assert.deepEqual(found({ 'src/a.ts': `// all\nexport { b } from './b.ts';` }), [`src/a.ts ${message}`]);
    assert.deepEqual(found({ 'src/a.ts': `export { b } from './b.ts';\nexport const c = 1;` }), []);
  });

  it('wants a short README in each room, and the file to start with', () => {
    const base: Room = { name: 'base', rank: 0, owns: '', start: 'clock.ts' };
    const files = { 'src/base/clock.ts': '', 'src/base/README.md': '1\n2\n3\n' };
    assert.deepEqual(found(files, [base]), []);
    assert.deepEqual(found({ 'src/base/clock.ts': '' }, [base]), ['src/base/README.md the room has no README.md']);
    assert.deepEqual(found({ ...files, 'src/base/README.md': '1\n2\n3\n4\n' }, [base]), [
      `src/base/README.md a room's README has 3 lines at most`,
    ]);
    assert.deepEqual(found(files, [{ ...base, start: 'gone.ts' }]), [
      'architecture.ts src/base/gone.ts, the first file to read, does not exist',
    ]);
    assert.deepEqual(found({}, [base]), [], 'a room that is not built yet');
  });
});

describe('deadFiles', () => {
  it('finds files that no entry point and no test reaches', () => {
    const files = {
      'bin/p.js': `await import('../src/app/main.ts');`,
      'src/app/main.ts': `import '../base/used.ts';`,
      'src/base/used.ts': '',
      'src/base/dead.ts': `import './dead-too.ts';`,
      'src/base/dead-too.ts': '',
      'test/real/x.test.ts': `import '../support/s.ts'; new URL('./driver.ts', import.meta.url);`,
      'test/real/driver.ts': '',
      'test/support/s.ts': '',
      'test/support/unused.ts': '',
    };
    assert.deepEqual(texts(deadFiles(projectOf(files), entryPoints)), [
      'src/base/dead.ts nothing uses this file',
      'src/base/dead-too.ts nothing uses this file',
      'test/support/unused.ts nothing uses this file',
    ]);
  });
});

describe('deadExports', () => {
  it('finds functions that no other file names', () => {
    const files = {
      'src/a.ts': `export function used(): void {}\nexport async function alone(): Promise<void> { alone(); }`,
      'src/b.test.ts': `import { used } from './a.ts'; // alone`,
    };
    assert.deepEqual(texts(deadExports(projectOf(files))), ['src/a.ts:2 nothing else uses the export alone']);
  });
});

describe('deadLinks', () => {
  it('finds links to files that do not exist', () => {
    const readme =
      'See [a](a.md#top), [the web](https://example.org/x.md), [here](#there)\nand [b](../b/c.ts), [d](docs/).';
    const files = { 'src/README.md': readme, 'src/a.md': '', 'src/docs': '' };
    assert.deepEqual(texts(deadLinks(projectOf(files))), ['src/README.md:2 a link to ../b/c.ts, which does not exist']);
  });
});

describe('staleMap', () => {
  const readme = '# P\n<!-- map: written by `npm run tidy -- --write` -->\nold\n<!-- end of the map -->\nmore\n';
  it('compares the README with the rooms that exist', () => {
    const sources = { 'src/base/a.ts': '', 'src/store/s.ts': '' };
    const stale = projectOf({ ...sources, 'README.md': readme });
    assert.deepEqual(texts(staleMap(stale, rooms)), ['README.md its map is stale: npm run tidy -- --write']);
    const fresh = withMap(readme, mapOf(stale, rooms)) ?? '';
    assert.match(
      fresh,
      /^# P\n[^]*\| 1 \| .*store.*\n\| 0 \| \[base\].* \| what the language lacks \(pure\) \|  \|\n\n<!-- end[^]*more\n$/,
    );
    assert.doesNotMatch(fresh, /client|old/);
    assert.deepEqual(staleMap(projectOf({ ...sources, 'README.md': fresh }), rooms), []);
    assert.equal(staleMap(projectOf({ ...sources, 'README.md': '# P' }), rooms).length, 1);
  });
});

describe('unexplainedCodes', () => {
  const source = `throw new UserError('no', { code: wide ? 'TOO_WIDE' : 'TOO_LONG' });\nclass E { readonly code = 'GONE'; }`;
  it('compares the codes in the sources with the page that explains them', () => {
    const page = '| code | meaning |\n| `TOO_WIDE` | … |\n| `NEVER` | … |\n';
    const project = projectOf({ 'src/base/a.ts': source, [errorCodesPath]: page });
    assert.deepEqual(texts(unexplainedCodes(project)), [
      'src/base/a.ts the code TOO_LONG is not explained in docs/errors.md',
      'src/base/a.ts the code GONE is not explained in docs/errors.md',
      'docs/errors.md nothing uses the code NEVER',
    ]);
  });

  it('leaves tests alone', () => {
    assert.deepEqual(unexplainedCodes(projectOf({ 'src/base/a.test.ts': source })), []);
  });
});
