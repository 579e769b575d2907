import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebhookPayloadError } from './webhook-format.ts';
import { PayloadReader } from './webhook-payload.ts';

const sha = 'a'.repeat(40);

describe('PayloadReader', () => {
  const reader = new PayloadReader({
    project: { web_url: 'https://user:pw@git.example.org/a/b.git/', id: 7, name: null },
    list: [{ n: 1 }, { n: 'x' }],
    after: '0'.repeat(40),
    before: sha.toUpperCase(),
    short: 'abc',
    empty: '',
    odd: 1.5,
    yes: 'true',
  });

  it('reads what is there', () => {
    const project = reader.object('project');
    assert.equal(project.webUrl('web_url'), 'https://git.example.org/a/b');
    assert.equal(project.number('id'), 7);
    assert.equal(project.optionalText('name'), undefined);
    assert.equal(reader.optionalSha('after'), undefined);
    assert.equal(reader.sha('before'), sha);
    assert.equal(reader.objects('list')[0]?.number('n'), 1);
    assert.deepEqual(reader.objects('absent'), []);
    assert.equal(reader.flag('absent'), false);
  });

  for (const [what, read, message] of [
    ['a missing member', () => reader.object('project').text('name'), 'project.name: is missing'],
    ['an empty text', () => reader.text('empty'), 'empty: is missing'],
    [
      'the wrong kind in a list',
      () => reader.objects('list')[1]?.number('n'),
      'list[1].n: is not a whole number from 1',
    ],
    ['a fraction', () => reader.number('odd'), 'odd: is not a whole number from 1'],
    ['a text for a boolean', () => reader.flag('yes'), 'yes: is neither true nor false'],
    ['an abbreviated commit', () => reader.sha('short'), 'short: is not a whole commit id'],
    ['a commit that is none', () => reader.sha('after'), 'after: is missing'],
    ['an address of another kind', () => reader.webUrl('short'), 'short: is not an http or https address'],
    ['an inherited member', () => reader.object('constructor'), 'constructor: is missing'],
  ] as const) {
    it(`says where ${what} is`, () => {
      assert.throws(read, (error) => error instanceof WebhookPayloadError && error.message === message);
    });
  }
});
