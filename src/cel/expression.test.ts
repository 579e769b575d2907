import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../base/json.ts';
import { ExpressionEnvironment, expressionLengthMax, isVariableName } from './expression.ts';
import { ExpressionError } from './expression-error.ts';

const environment = new ExpressionEnvironment({
  variables: { event: 'string', body: 'dyn', headers: 'map<string, string>', files: 'map<string, list<string>>' },
  functions: [
    {
      signature: 'string.starts(string): bool',
      call: ([text, start]) => String(text).startsWith(String(start)),
    },
  ],
});

const values = {
  event: 'push',
  headers: { 'x-github-event': 'push' },
  files: { all: ['docs/a.md', 'src/b.ts'] },
  body: {
    number: 7,
    draft: false,
    title: 'fix: a thing',
    none: null,
    labels: [{ name: 'bug' }, { name: 'e2e' }],
    again: [{ name: 'bug' }, { name: 'e2e' }],
  },
};

function value(source: string, given: Readonly<Record<string, unknown>> = values): Json {
  return environment.compile(source).evaluate(given);
}

function refusal(source: string, given: Readonly<Record<string, unknown>> = values): string {
  try {
    value(source, given);
  } catch (thrown) {
    assert.ok(thrown instanceof ExpressionError, String(thrown));
    return `${thrown.code}: ${thrown.message}`;
  }
  throw new Error(`${source} was taken`);
}

describe('an expression', () => {
  it('gives what people of Pipelines-as-Code expect', () => {
    const truths = [
      'event == "push" && body.number == 7',
      'event in ["push", "pull_request"]',
      'body.title.startsWith("fix") && body.title.endsWith("thing") && body.title.contains(": a")',
      'body.title.matches("^(fix|feat)(\\\\(.*\\\\))?: ")',
      'matches(body.title, "^fix") && !matches("a", "b")',
      'body.title.size() == 12 && size(body.labels) == 2',
      'body.labels.exists(l, l.name == "e2e")',
      'body.labels.all(l, has(l.name)) && !has(body.missing)',
      'body.labels.map(l, l.name) == ["bug", "e2e"]',
      'body.labels.filter(l, l.name == "bug").size() == 1',
      'body.labels.exists_one(l, l.name == "bug")',
      'body.labels == body.again',
      '"x-github-event" in headers && headers["x-github-event"] == "push"',
      'files.all.exists(f, f.matches("^docs/"))',
      'body.draft ? false : body.none == null',
      'body.missing == 1 || true',
      '!(body.missing == 1 && false)',
      'body.labels[0].name == "bug" && body["title"] != ""',
      'body.number > 6 && body.number < 7.5 && int(body.number) % 2 == 1',
      'body.title.replace("fix", "mend") == "mend: a thing" && "a,b".split(",").join("-") == "a-b"',
      '"abc".charAt(1) == "b" && "A".lowerAscii() == "a" && " a ".trim() == "a"',
      'cel.bind(n, body.number, n * n > 48.0)',
      'timestamp("2026-01-01T00:00:00Z") < timestamp("2026-01-02T00:00:00Z")',
      'event.starts("pu")',
    ];
    for (const source of truths) assert.equal(value(source), true, source);
  });

  it('gives JSON', () => {
    assert.deepEqual(value('{"a": [1, 2.5, "x", null, true], "b": event}'), {
      a: [1, 2.5, 'x', null, true],
      b: 'push',
    });
    assert.equal(value('9223372036854775807'), '9223372036854775807');
    assert.equal(value('b"abc"'), 'YWJj');
    assert.equal(value('timestamp("2026-01-01T00:00:00Z")'), '2026-01-01T00:00:00.000Z');
    assert.equal(value('duration("90s")'), '90s');
    assert.equal(value('7u'), '7');
    assert.equal(value('1.0 / 0.0'), 'Infinity');
    assert.equal(value('type(1)'), 'int');
    assert.deepEqual(value('body'), values.body);
  });

  it('says what is wrong and where', () => {
    assert.equal(refusal('event =='), 'CEL_SYNTAX: Unexpected token: EOF, at character 9');
    assert.equal(refusal('event ==\n  nobody'), 'CEL_TYPE: Unknown variable: nobody, at line 2, character 3');
    assert.equal(
      refusal('event.matches(1)'),
      `CEL_TYPE: found no matching overload for 'string.matches(int)', at character 1`,
    );
    assert.equal(refusal('body.missing == 1'), 'CEL_EVALUATION: No such key: missing, at character 6');
    assert.match(refusal('event.matches("(")'), /^REGEX_SYNTAX: "\(" is no regular expression: missing closing \)/);
    assert.match(refusal('event', {}), /^CEL_EVALUATION: Unknown variable: event/);
    assert.match(refusal('timestamp("2026-01-01T00:00:00Z").getHours("Nowhere") == 1'), /^CEL_EVALUATION: .*time zone/);
    assert.match(refusal('body.labels.join("")'), /^CEL_EVALUATION: /);
    assert.match(refusal('1 / 0 == 1'), /^CEL_EVALUATION: division by zero/);
  });

  it('tells its type', () => {
    assert.equal(environment.compile('event == "push"').type, 'bool');
    assert.equal(environment.compile('1 + 2').type, 'int');
    assert.equal(environment.compile('body.x').type, 'dyn');
  });

  it('cannot reach what is not data', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      assert.match(refusal(`body.${name} == 1`), /No such key/, name);
      assert.equal(value(`has(body.${name})`), false, name);
      assert.equal(value(`"${name}" in body`), false, name);
      assert.match(refusal(`${name} == 1`), /Unknown variable|Reserved identifier/, name);
    }
  });

  it('changes nothing it was given', () => {
    const before = structuredClone(values);
    value('body.labels.map(l, l.name) + files.all');
    assert.deepEqual(values, before);
  });

  it('reads variables only when it comes to them', () => {
    let asked = 0;
    const lazy = {
      ...values,
      get files(): undefined {
        asked += 1;
        return undefined;
      },
    };
    assert.equal(value('event == "nothing" && files.all.size() > 0', lazy), false);
    assert.equal(asked, 0);
    assert.equal(value('files.all.size() > 0 || event == "push"', lazy), true);
    assert.equal(asked, 1);
  });
});

describe('isVariableName', () => {
  it('is true of exactly the names that an environment takes and an expression can say', () => {
    const names = [
      'name',
      'n_1',
      'matches',
      'a-b',
      '1a',
      '',
      'in',
      'true',
      'null',
      'as',
      'list',
      'int',
      'dyn',
      'type',
      'cel',
    ];
    for (const name of [
      ...names,
      'google',
      'optional',
      '__proto__',
      'prototype',
      'constructor',
      'double',
      'timestamp',
    ]) {
      let said: unknown;
      try {
        const own = new ExpressionEnvironment({ variables: { [name]: 'string' } });
        said = own.compile(`${name} == "x"`).evaluate({ [name]: 'x' });
      } catch {
        said = false;
      }
      assert.equal(isVariableName(name), said, name);
    }
  });
});

describe('what an expression mentions', () => {
  it('is read from its syntax tree', () => {
    const { mentions } = environment.compile(
      'event == "refs/heads/main" && body.labels.exists(files, files.name == "x") && body["pull_request"].n.matches("a")',
    );
    assert.deepEqual([...mentions.identifiers].sort(), ['body', 'event']);
    assert.deepEqual([...mentions.fields].sort(), ['labels', 'n', 'name', 'pull_request']);
    assert.deepEqual([...mentions.functions].sort(), ['exists', 'matches']);
    assert.ok(mentions.texts.includes('refs/heads/main'));
  });

  it('includes what stands in macros, lists, maps and branches', () => {
    const { mentions } = environment.compile(
      '[event].exists(e, e in files.all) ? {"k": headers}.size() > 0 : cel.bind(headers, "x", headers == "x") && has(body.a)',
    );
    assert.deepEqual([...mentions.identifiers].sort(), ['body', 'cel', 'event', 'files', 'headers']);
  });
});

describe('the bounds of an expression', () => {
  const digits = `[${Array.from({ length: 100 }, (_, index) => index).join(',')}]`;

  /** `all` within `all`, so many deep. */
  function nested(depth: number): string {
    return depth === 0 ? 'true' : `${digits}.all(x${depth}, ${nested(depth - 1)})`;
  }

  /** `cel.bind` that doubles a value so many times. */
  function doubled(start: string, times: number): string {
    const bindings = Array.from({ length: times }, (_, index) => `cel.bind(v${index + 1}, v${index} + v${index}, `);
    return `cel.bind(v0, ${start}, ${bindings.join('')}v${times}.size())${')'.repeat(times)} > 0`;
  }

  it('are its length, its tree and the depth of its macros', () => {
    assert.match(refusal(' '.repeat(expressionLengthMax) + '1'), /^CEL_TOO_LARGE: .*at most 10000/);
    assert.match(refusal(Array(2_500).fill('1').join('+')), /^CEL_TOO_LARGE: Exceeded maxAstNodes/);
    assert.match(refusal(`${'('.repeat(200)}1${')'.repeat(200)}`), /^CEL_TOO_LARGE: Exceeded maxDepth/);
    assert.match(refusal(`[${'1,'.repeat(600)}1]`), /^CEL_TOO_LARGE: Exceeded maxListElements/);
    assert.match(
      refusal(Array.from({ length: 9 }, (_, n) => `[1].all(x${n}, `).join('') + 'true' + ')'.repeat(9)),
      /9 deep/,
    );
  });

  it('hold for nested macros, also where errors are absorbed', () => {
    assert.equal(value(nested(2)), true);
    assert.match(refusal(nested(4)), /^CEL_TOO_COSTLY: /);
    assert.match(refusal(`${nested(4)} || true`), /^CEL_TOO_COSTLY: /);
    assert.match(refusal(`!(${nested(4)}) || event == "push"`), /^CEL_TOO_COSTLY: /);
  });

  it('hold for values that double', () => {
    assert.equal(value(doubled('"ab"', 5)), true);
    assert.match(refusal(doubled('"ab"', 30)), /^CEL_TOO_COSTLY: the expression makes a text of more than/);
    assert.match(refusal(doubled('[1, 2]', 30)), /^CEL_TOO_COSTLY: the expression makes a list of more than/);
    assert.match(refusal(doubled('b"ab"', 30)), /^CEL_TOO_COSTLY: the expression makes bytes of more than/);
    const long = { ...values, event: 'x'.repeat(10_000) };
    assert.match(refusal('event.split("").map(c, event).join("").size() > 0', long), /^CEL_TOO_COSTLY: /);
    const longer = { ...values, event: 'x'.repeat(15_000), body: 'y'.repeat(3_000_000) };
    assert.match(
      refusal('event.replace("x", body).size() > 0', longer),
      /^CEL_TOO_COSTLY: the expression makes a text/,
    );
  });

  it('hold for what one operator looks at', () => {
    const many = { ...values, body: { list: Array.from({ length: 10_000 }, (_, id) => ({ id, deep: [[id]] })) } };
    assert.equal(value('body.list.exists(i, i.id == 9999)', many), true);
    assert.match(refusal('body.list.all(i, body.list == body.list)', many), /^CEL_TOO_COSTLY: /);
    assert.match(refusal('body.list.all(i, !(i.id + 0.5 in body.list.map(j, j.id)))', many), /^CEL_TOO_COSTLY: /);
    const deep = { ...values, body: { one: [many.body.list], two: [structuredClone(many.body.list)] } };
    assert.equal(value('body.one == body.two', deep), true);
    assert.match(refusal(`${digits}.all(i, body.one == body.two)`, deep), /^CEL_TOO_COSTLY: /);
    assert.match(refusal(`${digits}.all(i, body.one[0] in body.two)`, deep), /^CEL_TOO_COSTLY: /);
    assert.match(refusal('body.list.all(i, body.size() == 1 && body.list.size() > 0)', many), /^CEL_TOO_COSTLY: /);
  });

  it('hold for regular expressions', () => {
    const long = { ...values, event: 'x'.repeat(100_000) };
    assert.equal(value('event.matches("(x+x+)+y")', long), false);
    assert.match(refusal('event.matches("(x{1,100}){1,9}y{900}")', long), /^CEL_TOO_COSTLY: /);
    assert.match(refusal('matches(event, "(x{1,100}){1,9}y{900}")', long), /^CEL_TOO_COSTLY: /);
    const many = { ...values, body: { list: Array.from({ length: 5_000 }, (_, index) => `${index}(a|b)*`) } };
    assert.match(refusal('body.list.all(i, event.matches(i) || true)', many), /^CEL_TOO_COSTLY: /);
  });

  it('hold for the result', () => {
    const long = { ...values, event: 'x'.repeat(600_000) };
    assert.equal(value('[event].size()', long), 1);
    assert.match(refusal('[event, event]', long), /^CEL_TOO_COSTLY: the expression gives more than 1048576/);
  });

  it('leave the environment usable', () => {
    assert.match(refusal(nested(4)), /^CEL_TOO_COSTLY: /);
    assert.equal(value('event == "push"'), true);
  });

  it('hold for any text: a value, or an error of ours', () => {
    const token = fc.constantFrom(
      ...[
        'event',
        'body',
        '.labels',
        '.all(x, ',
        '.map(x, ',
        'x',
        ')',
        '(',
        '[',
        ']',
        '"a"',
        '1',
        '+',
        '==',
        '&&',
        '||',
        '?',
        ':',
        '!',
        'in',
        '-',
        ',',
        '{',
        '}',
        '.matches("a*")',
      ],
    );
    let evaluated = 0;
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        try {
          value(tokens.join(' '));
          evaluated += 1;
        } catch (thrown) {
          assert.ok(thrown instanceof ExpressionError, String(thrown));
        }
      }),
      { numRuns: 2_000 },
    );
    assert.ok(evaluated > 10, `only ${evaluated} could be evaluated`);
  });
});
