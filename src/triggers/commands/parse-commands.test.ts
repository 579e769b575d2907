import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { argumentsOfComment } from './arguments.ts';
import { commandsMax, eventTypeOf, parseCommands } from './parse-commands.ts';
import { protectedVariables } from './protected-variables.ts';

/** Commands in one line each, to compare at a glance. */
function told(comment: string): readonly string[] {
  const { commands, problems } = parseCommands(comment);
  return [
    ...commands.map(({ kind, name, branch, tag, sha, args }) =>
      [
        kind,
        name,
        branch && `branch ${branch}`,
        tag && `tag ${tag}`,
        sha,
        ...Object.entries(args).map((pair) => pair.join('=')),
      ]
        .filter((part) => part !== undefined)
        .join(' '),
    ),
    ...problems.map(({ message }) => `! ${message}`),
  ];
}

describe('parseCommands', () => {
  it('reads a command at the start of a line', () => {
    assert.deepEqual(told('/test'), ['test']);
    assert.deepEqual(told('please\r\n/retest unit\r\nthanks'), ['retest unit']);
    assert.deepEqual(told('   /cancel'), ['cancel']);
    assert.deepEqual(told('    /cancel'), [], 'four blanks make a line of code');
    assert.deepEqual(told('> /test'), []);
    assert.deepEqual(told('say /test'), []);
    assert.deepEqual(told('/testing'), []);
    assert.deepEqual(told('/Test'), []);
    assert.deepEqual(told('/test\u00a0unit'), ['test unit'], 'blanks as pasted from elsewhere');
  });

  it('grants only by the exact word', () => {
    assert.deepEqual(told('/ok-to-test'), ['ok-to-test']);
    assert.deepEqual(told(' /ok-to-test'), []);
    assert.deepEqual(told('/ok-to-test ABCDEF1'), ['ok-to-test abcdef1']);
    const refused = ['! after /ok-to-test only a commit may follow: 7 to 40 hexadecimal digits'];
    assert.deepEqual(told('/ok-to-test please'), refused);
    assert.deepEqual(told('/ok-to-test 123456'), refused);
    assert.deepEqual(told('/ok-to-test 1234567 or not'), refused);
    assert.deepEqual(told('/ok-to-test x=1'), refused);
    assert.deepEqual(told('/ok-to-test branch:x'), refused);
    assert.deepEqual(told('hello\u2028/ok-to-test'), [], 'a line begins after a line feed only');
    assert.deepEqual(told(`/ok-to-test ${'a'.repeat(41)}`), refused);
  });

  it('puts several commands in the order of priority and drops repeats', () => {
    assert.deepEqual(told('/cancel b\n/ok-to-test\n/test b\n/test a\n/test b\n/test\n/retest'), [
      'retest',
      'test',
      'test b',
      'test a',
      'ok-to-test',
      'cancel b',
    ]);
  });

  it('reads arguments of its own line, and of the lines a quoted value spans', () => {
    assert.deepEqual(told('/test a x=1 y="two \\"words\\"\nand lines" z= \nn=4'), [
      'test a x=1 y=two "words"\nand lines z=',
    ]);
    assert.deepEqual(told('/test x=1 a'), ['test a x=1']);
    assert.deepEqual(told('/test x="1'), ['! the value of x has no closing quote']);
  });

  it('reads where to run', () => {
    assert.deepEqual(told('/test branch:refs/heads/main'), ['test branch main']);
    assert.deepEqual(told('/test a tag:v1\n/cancel b branch:x/y'), ['test a tag v1', 'cancel b branch x/y']);
    assert.deepEqual(told('/test a branch:x tag:y'), ['! branch:x and tag:y: one place at a time']);
    assert.deepEqual(told('/test a branch: x'), ['! branch: names nothing: write branch:NAME without a blank']);
    assert.match(told('/test nightly:x')[0] ?? '', /^! "nightly:x" names no pipeline/);
  });

  it('never changes what the event is about', () => {
    for (const name of protectedVariables) {
      assert.deepEqual(
        told(`/test a ok=1 ${name}=x`),
        [`! a comment cannot change "${name}": it says what the event is about`],
        name,
      );
    }
    for (const name of ['revision', 'repo_url', 'repo_owner', 'repo_name', 'target_namespace', 'git_auth_secret']) {
      assert.ok(protectedVariables.includes(name), name);
    }
    assert.match(argumentsOfComment('/deploy revision=x').problem ?? '', /cannot change "revision"/);
    assert.match(
      told('/deploy revision=x')[0] ?? '',
      /^! a comment cannot change "revision"/,
      'for on-comment neither',
    );
    assert.deepEqual(told('deploy revision=x'), [], 'plain text');
  });

  it('reads so many commands and no more', () => {
    const { commands, problems } = parseCommands(
      Array.from({ length: 30 }, (_, index) => `/test n${index}`).join('\n'),
    );
    assert.equal(commands.length, commandsMax);
    assert.equal(problems.length, 1);
  });

  it('takes any text', () => {
    const part = fc.constantFrom(
      '/test',
      '/retest',
      '/cancel',
      '/ok-to-test',
      ' ',
      '\n',
      '"',
      '\\',
      'a=',
      'branch:',
      'x',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 40 }), (parts) => {
        const { commands, problems } = parseCommands(parts.join(''));
        for (const command of commands) {
          assert.ok(!Object.keys(command.args).some((name) => protectedVariables.includes(name)));
          assert.ok(command.name === undefined || !/[\s:]/.test(command.name));
        }
        assert.ok(commands.length + problems.length <= commandsMax + 1);
      }),
    );
  });
});

describe('eventTypeOf', () => {
  it('is the published word', () => {
    const types = parseCommands('/test\n/test a\n/retest\n/retest a\n/cancel\n/cancel a\n/ok-to-test').commands.map(
      eventTypeOf,
    );
    assert.deepEqual(types, [
      'retest-all-comment',
      'retest-comment',
      'test-all-comment',
      'test-comment',
      'ok-to-test-comment',
      'cancel-all-comment',
      'cancel-comment',
    ]);
  });
});
