import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtinKinds } from '../schema/core/builtin-kinds.ts';
import type { KindDefinition } from '../schema/kind-definition.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import { KindRegistry } from './kind-registry.ts';

const [base] = tektonKinds;

function widget(version: string): KindDefinition {
  assert.ok(base);
  return { ...base, type: { group: 'example.com', version, resource: 'widgets', kind: 'Widget', namespaced: true } };
}

describe('KindRegistry', () => {
  it('finds what it was given by path and by kind', () => {
    const registry = new KindRegistry([...builtinKinds, ...tektonKinds]);
    for (const kind of [...builtinKinds, ...tektonKinds]) {
      const { group, version, resource } = kind.type;
      assert.equal(registry.find(group, version, resource), kind);
      assert.equal(registry.findKind(group === '' ? version : `${group}/${version}`, kind.type.kind), kind);
    }
    assert.equal(registry.find('', 'v2', 'pods'), undefined);
    assert.equal(registry.findKind('v1', 'Widget'), undefined);
  });

  it('keeps the list of kinds the same until something changes', () => {
    const registry = new KindRegistry(builtinKinds);
    const before = registry.all();
    assert.equal(registry.all(), before);
    registry.add(widget('v1'));
    assert.notEqual(registry.all(), before);
    assert.equal(registry.all().length, before.length + 1);
  });

  it('replaces all versions of a resource at once', () => {
    const registry = new KindRegistry();
    const [v1, v2] = [widget('v1'), widget('v2')];
    const seen: string[][] = [];
    const stop = registry.onChange(() => seen.push(registry.all().map((kind) => kind.type.version)));
    registry.add(v1);
    registry.put({ group: 'example.com', resource: 'widgets', storage: v1, served: [v2, v1] });
    assert.equal(registry.resource('example.com', 'widgets')?.storage, v1);
    registry.put({ group: 'example.com', resource: 'widgets', storage: v1, served: [v2] });
    assert.equal(registry.find('example.com', 'v1', 'widgets'), undefined);
    assert.equal(registry.find('example.com', 'v2', 'widgets'), v2);
    assert.ok(registry.remove('example.com', 'widgets'));
    assert.ok(!registry.remove('example.com', 'widgets'));
    stop();
    registry.add(v1);
    assert.deepEqual(seen, [['v1'], ['v2', 'v1'], ['v2'], []]);
  });
});
