import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../yaml/diagnostic.ts';
import { checked } from './manifest-fixture.ts';

const task = (name: string, rest = ''): string => `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: ${name}}
spec:
  steps: [{name: s, image: busybox, script: echo}]
${rest}`;

function errorsOf(yaml: string): readonly string[] {
  return checked(yaml).errors.map(formatDiagnostic);
}

describe('checkManifests', () => {
  it('takes sound documents as they are', () => {
    const { manifests, errors } = checked(`${task('a')}---\n${task('b')}`);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      manifests.map(({ object }) => object.metadata.name),
      ['a', 'b'],
    );
  });

  it('says where an unknown field and a wrong type are', () => {
    assert.deepEqual(errorsOf(task('a', '  stepz: []\n')), [
      'test.yaml:6:3: spec.stepz: unknown field; did you mean "steps"?',
    ]);
    const [wrong = ''] = errorsOf(task('a', '  params: yes please\n'));
    assert.equal(wrong, 'test.yaml:6:3: spec.params: must be a list, but is a string');
  });

  it('names the place of the first of two objects with one name', () => {
    assert.deepEqual(errorsOf(`${task('a')}---\n${task('a')}`), [
      'test.yaml:9:12: metadata.name: Task "a" is already defined at test.yaml:3',
    ]);
  });

  it('tells which apiVersion is served', () => {
    assert.deepEqual(errorsOf(task('a').replace('v1', 'v1beta1')), [
      'test.yaml:1:1: apiVersion: Task of tekton.dev/v1beta1 is not supported; use tekton.dev/v1',
    ]);
  });

  it('asks for kind and apiVersion, and for an object at all', () => {
    assert.deepEqual(errorsOf('apiVersion: v1'), ['test.yaml:1:1: kind is required']);
    assert.deepEqual(errorsOf('kind: Pod'), ['test.yaml:1:1: apiVersion is required']);
    assert.deepEqual(errorsOf('- 1'), ['test.yaml:1:1: a Kubernetes object is expected here']);
  });

  it('leaves out, with a warning, what means nothing on this machine', () => {
    const { manifests, errors, warnings } = checked(
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\n',
    );
    assert.deepEqual([manifests.length, errors.length, warnings.length], [0, 0, 1]);
    assert.match(warnings[0]?.message ?? '', /^Role .* is left out$/);
  });
});
