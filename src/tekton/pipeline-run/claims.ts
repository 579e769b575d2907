import { md5Hex } from '../../base/md5.ts';
import type { JsonObject } from '../../base/json.ts';
import type { PersistentVolumeClaim } from '../../kube/core-types.ts';
import { controllerReference, type KubeObject } from '../../kube/object.ts';
import type { WorkspaceBinding } from '../types.ts';

/** So many hexadecimal digits tell the claims of one owner apart. */
const hashDigits = 10;

/**
 * The name of the claim made from a binding's `volumeClaimTemplate`: `<template name or "pvc">-<hash>`, the same each
 * time for one workspace of one owner, different for another run of the same name.
 */
export function claimName(binding: WorkspaceBinding, ownerUid: string): string {
  const base = binding.volumeClaimTemplate?.metadata?.name ?? 'pvc';
  return `${base}-${md5Hex(`${binding.name}/${ownerUid}`).slice(0, hashDigits)}`;
}

/** The claim itself, owned by `owner` (a run) so that it goes with it; `undefined` if the binding has no template. */
export function claimOf(binding: WorkspaceBinding, owner: KubeObject): PersistentVolumeClaim | undefined {
  const template = binding.volumeClaimTemplate;
  if (template === undefined) return undefined;
  const { labels, annotations } = (template.metadata ?? {}) as PersistentVolumeClaim['metadata'];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(binding, owner.metadata.uid ?? ''),
      ...(owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: (template['spec'] ?? {}) as JsonObject,
  };
}
