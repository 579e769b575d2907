import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeLock } from './complete.ts';
import type { LockEntry } from './complete.ts';

function complete(packages: Record<string, LockEntry>): readonly string[] {
  return completeLock({ lockfileVersion: 3, packages }).added;
}

describe('completeLock', () => {
  it('adds what is missing, with the platform its name tells', () => {
    const { lock, added } = completeLock({
      lockfileVersion: 3,
      packages: {
        'node_modules/tool': {
          version: '1.2.3',
          dev: true,
          optionalDependencies: {
            '@tool/binding-linux-arm-musleabihf': '1.2.3',
            '@tool/binding-linux-x64-gnu': '1.2.3',
            '@tool/win32-ia32': '1.2.3',
          },
        },
        'node_modules/@tool/binding-linux-x64-gnu': { version: '1.2.3' },
      },
    });
    assert.deepEqual(added, ['node_modules/@tool/binding-linux-arm-musleabihf', 'node_modules/@tool/win32-ia32']);
    assert.deepEqual(Object.keys(lock.packages), [
      'node_modules/@tool/binding-linux-arm-musleabihf',
      'node_modules/@tool/binding-linux-x64-gnu',
      'node_modules/@tool/win32-ia32',
      'node_modules/tool',
    ]);
    assert.deepEqual(lock.packages['node_modules/@tool/binding-linux-arm-musleabihf'], {
      version: '1.2.3',
      cpu: ['arm'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    });
  });

  it('finds an entry nested in the dependent, beside it, or in a package around it', () => {
    const optionalDependencies = { 'x-linux-x64': '1.0.0' };
    assert.deepEqual(complete({ 'node_modules/a': { optionalDependencies }, 'node_modules/x-linux-x64': {} }), []);
    assert.deepEqual(
      complete({ 'node_modules/a': { optionalDependencies }, 'node_modules/a/node_modules/x-linux-x64': {} }),
      [],
    );
    assert.deepEqual(
      complete({
        'node_modules/a/node_modules/b': { optionalDependencies },
        'node_modules/a/node_modules/x-linux-x64': {},
      }),
      [],
    );
    assert.deepEqual(
      complete({ 'node_modules/a': { optionalDependencies }, 'node_modules/b/node_modules/x-linux-x64': {} }),
      ['node_modules/x-linux-x64'],
    );
  });

  it('completes the root project, and a completed lock stays as it is', () => {
    const first = completeLock({
      lockfileVersion: 3,
      packages: { '': { optionalDependencies: { 'x-darwin-arm64': '2.0.0' } } },
    });
    assert.deepEqual(first.added, ['node_modules/x-darwin-arm64']);
    assert.deepEqual(completeLock(first.lock), { lock: first.lock, added: [] });
  });

  it('refuses to guess a platform', () => {
    assert.throws(
      () => complete({ 'node_modules/a': { optionalDependencies: { fsevents: '2.3.3' } } }),
      /fsevents@2\.3\.3.*by hand/,
    );
    assert.throws(
      () => complete({ 'node_modules/a': { optionalDependencies: { 'x-linux-x64': '^1.0.0' } } }),
      /\^1\.0\.0/,
    );
  });
});
