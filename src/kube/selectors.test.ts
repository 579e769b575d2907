import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isApiError } from './api-error.ts';
import { pods, events, configMaps, secrets } from './core-types.ts';
import { parseFieldSelector } from './field-selectors.ts';
import type { KubeObject } from './object.ts';
import { labelSelectorFromObject, labelSelectorText, parseLabelSelector } from './selectors.ts';

const labels = { app: 'web', tier: 'front', size: '10', 'example.com/team': 'a', empty: '' };

describe('parseLabelSelector', () => {
  const matching = [
    '',
    ' ',
    'app',
    'app=web',
    'app==web',
    ' app = web , tier=front ',
    'app!=db',
    'missing!=db',
    '!missing',
    'app in (db, web)',
    'app in(web)',
    'app notin (db,cache)',
    'missing notin (db)',
    'size>9',
    'size<11',
    'example.com/team=a',
    'empty=',
    'empty in ()',
    'empty in (,x)',
    'in!=x',
    'app=web,tier in (front,back),!missing,size>5',
  ];
  for (const text of matching)
    it(`${JSON.stringify(text)} matches`, () => assert.ok(parseLabelSelector(text).matches(labels)));

  const others = [
    'missing',
    '!app',
    'app=db',
    'app!=web',
    'app in (db)',
    'app notin (web,db)',
    'missing=',
    'missing in (a)',
    'size>10',
    'size<10',
    'app>1',
    'missing<1',
    'toString',
    'app=web,tier=back',
  ];
  for (const text of others)
    it(`${JSON.stringify(text)} does not match`, () => assert.ok(!parseLabelSelector(text).matches(labels)));

  const malformed = [
    ',',
    'a,',
    ',a',
    'a,,b',
    '=a',
    'a in',
    'a in b',
    'a in (b',
    'a in (b c)',
    'a=b c',
    '!',
    '!a=b',
    'a>x',
    'a>',
    'a=-b',
    'a b',
    '-a=b',
    'x/y/z=b',
    '/a=b',
    `a=${'b'.repeat(64)}`,
    'a(b)',
  ];
  for (const text of malformed) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(
        () => parseLabelSelector(text),
        (thrown) => isApiError(thrown, 'BadRequest') && thrown.message.startsWith('unable to parse requirement: '),
      );
    });
  }

  it('matches an object without labels as one without the label', () => {
    assert.ok(parseLabelSelector('a!=b,!c,d notin (e)').matches(undefined));
    assert.ok(!parseLabelSelector('a').matches(undefined));
  });

  it('compares bounds as whole numbers of any size', () => {
    assert.ok(parseLabelSelector('n>9007199254740992').matches({ n: '9007199254740993' }));
  });

  it('reads its own text back', () => {
    const key = fc.constantFrom('a', 'in', 'notin', 'example.com/x', 'B_1.c');
    const value = fc.constantFrom('', 'a', 'in', 'x-1', '007');
    const requirement = fc.oneof(
      fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist'), values: fc.constant([]) }),
      fc.record({
        key,
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.uniqueArray(value, { minLength: 1, maxLength: 3 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), fc.dictionary(key, value), (matchExpressions, some) => {
        const selector = labelSelectorFromObject({ matchExpressions });
        const again = parseLabelSelector(labelSelectorText(selector));
        assert.equal(again.requirements.length, selector.requirements.length);
        assert.equal(again.matches(some), selector.matches(some));
        assert.equal(
          selector.matches(some),
          matchExpressions.every((term) => holds(term, some)),
        );
      }),
    );
  });
});

/** The meaning of a term, told the naive way. */
function holds(
  { key, operator, values }: { key: string; operator: string; values: readonly string[] },
  some: Readonly<Record<string, string>>,
): boolean {
  const has = Object.keys(some).includes(key);
  if (operator === 'Exists') return has;
  if (operator === 'DoesNotExist') return !has;
  const among = has && values.some((value) => some[key] === value);
  return operator === 'In' ? among : !among;
}

describe('labelSelectorFromObject', () => {
  it('needs both parts to hold', () => {
    const selector = labelSelectorFromObject({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['back'] }],
    });
    assert.ok(selector.matches(labels));
    assert.ok(!selector.matches({ app: 'web', tier: 'back' }));
    assert.ok(!selector.matches({ tier: 'front' }));
  });

  it('matches everything when empty', () => assert.ok(labelSelectorFromObject({}).matches({})));

  for (const term of [
    { key: 'a', operator: 'Maybe' },
    { key: 'a', operator: 'In' },
    { key: 'a', operator: 'Exists', values: ['b'] },
    { key: '', operator: 'Exists' },
  ]) {
    it(`refuses ${JSON.stringify(term)}`, () => {
      assert.throws(
        () => labelSelectorFromObject({ matchExpressions: [term] }),
        (thrown) => isApiError(thrown, 'BadRequest'),
      );
    });
  }
});

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n' },
  spec: { nodeName: 'node', containers: [] },
  status: { phase: 'Running' },
} as unknown as KubeObject;

describe('parseFieldSelector', () => {
  it('compares fields as text, a missing one as the empty text', () => {
    for (const text of [
      '',
      'metadata.name=p',
      'metadata.name==p,status.phase!=Failed',
      'status.podIP=',
      'spec.hostNetwork=false',
    ])
      assert.ok(parseFieldSelector(pods, text).matches(pod), text);
    for (const text of [
      'metadata.name!=p',
      'status.phase=Failed',
      'metadata.namespace=other',
      'metadata.name=p,spec.nodeName=',
    ])
      assert.ok(!parseFieldSelector(pods, text).matches(pod), text);
  });

  it('tells which value a field must have', () => {
    assert.equal(parseFieldSelector(pods, 'metadata.name=p').requiredValue('metadata.name'), 'p');
    assert.equal(parseFieldSelector(pods, 'metadata.name!=p').requiredValue('metadata.name'), undefined);
  });

  it('understands what kubectl describe asks of events', () => {
    const text = 'involvedObject.kind=Pod,involvedObject.uid=u,involvedObject.name=p,involvedObject.namespace=n';
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', uid: 'u', name: 'p', namespace: 'n' },
      reportingComponent: 'engine',
    } as unknown as KubeObject;
    assert.ok(parseFieldSelector(events, text).matches(event));
    assert.ok(parseFieldSelector(events, 'source=engine').matches(event));
    assert.ok(!parseFieldSelector(events, text.replace('uid=u', 'uid=v')).matches(event));
  });

  it('unescapes values', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, type: 'a,b=c\\d' } as KubeObject;
    assert.ok(parseFieldSelector(secrets, 'type=a\\,b\\=c\\\\d').matches(secret));
  });

  it('refuses what it does not support, in the words of Kubernetes', () => {
    assert.throws(() => parseFieldSelector(pods, 'spec.foo=1'), { message: 'field label not supported: spec.foo' });
    assert.throws(() => parseFieldSelector(configMaps, 'data.x=1'), {
      message: '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
    assert.throws(() => parseFieldSelector(pods, 'metadata.name'), /can't understand 'metadata.name'/);
    for (const text of ['type=a=b', 'type=a\\b', 'type=a\\'])
      assert.throws(
        () => parseFieldSelector(secrets, text),
        (thrown) => isApiError(thrown, 'BadRequest'),
        text,
      );
  });

  it('supports the fields a CRD adds', () => {
    const object = { ...pod, spec: { color: 'red' } } as KubeObject;
    assert.ok(parseFieldSelector(configMaps, 'spec.color=red', ['spec.color']).matches(object));
  });
});
