/** The rules of the embedded API server, applied to the question of another API server. */
import { jsonEqual, type JsonObject } from '../../base/json.ts';
import { prepareWrite, validateWrite, type PendingWrite } from '../../apiserver/write/judge-write.ts';
import type { AdmissionPlugin } from '../../kube/admission.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { jsonDiff } from '../../kube/json-diff.ts';
import type { UnknownObject } from '../../kube/object.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import type { Review, Verdict } from './admission-review.ts';

/** The two webhooks: one changes objects, the other has the last word. */
export type WebhookName = 'mutate' | 'validate';

/** What judges. */
export interface AdmissionRules {
  readonly kinds: readonly KindDefinition[];
  /** In their order. */
  readonly plugins: readonly AdmissionPlugin[];
}

/**
 * What the embedded API server would say to the same write: the schema of the kind, then all plugins, then the schema
 * again, by the very code that it runs itself. `mutate` answers with the patch to what it would store, `validate` with
 * the plugins' last word. Metadata alone may always change, also of an object that an older version let in: otherwise it
 * could never let go of its finalizers.
 */
export function judgeReview(webhook: WebhookName, review: Review, rules: AdmissionRules): Verdict {
  const kind = rules.kinds.find(({ type }) => isOf(type, review.resource));
  if (kind === undefined) return { refusal: foreign(review) };
  if (review.object === undefined || review.subresource !== '' || changesOnlyMetadata(review)) return {};
  const write = pendingWrite(kind, review, review.object);
  const warnings: string[] = [];
  try {
    const prepared = prepareWrite(write, webhook === 'mutate' ? rules.plugins : [], warnings);
    if (webhook === 'mutate') return { patch: patchTo(review.object, prepared), warnings };
    validateWrite({ ...write, object: prepared }, rules.plugins);
    return {};
  } catch (thrown) {
    if (thrown instanceof ApiStatusError) return { refusal: thrown };
    throw thrown;
  }
}

/** The kind as one whose objects others judge, such as a Tekton that is newer than ours: any shape will do. */
export function judgedElsewhere(kind: KindDefinition): KindDefinition {
  const { type, singular, listKind, description, shortNames, categories } = kind;
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
  const rest = { subresources: {}, printerColumns: [], decoding: 'go' } as const;
  return { type, singular, listKind, description, shortNames, categories, schema, ...rest };
}

function isOf(type: KindDefinition['type'], resource: Review['resource']): boolean {
  return type.group === resource.group && type.version === resource.version && type.resource === resource.resource;
}

function foreign({ resource }: Review): ApiStatusError {
  const name = [resource.resource, resource.version, resource.group].join('.');
  return new ApiStatusError('BadRequest', `Penstock has no rules for ${name}: the webhook is configured for too much`);
}

function changesOnlyMetadata({ object, oldObject }: Review): boolean {
  return oldObject !== undefined && jsonEqual(withoutMetadata(object), withoutMetadata(oldObject));
}

function withoutMetadata(object: JsonObject | undefined): JsonObject {
  return { ...object, metadata: undefined };
}

function pendingWrite(kind: KindDefinition, review: Review, object: JsonObject): PendingWrite {
  const { key, user, dryRun, oldObject } = review;
  return {
    kind,
    operation: review.operation === 'CREATE' ? 'CREATE' : 'UPDATE',
    key,
    subresource: '',
    object: object as unknown as UnknownObject,
    ...(oldObject === undefined ? {} : { before: oldObject as unknown as UnknownObject }),
    options: { user, manager: 'penstock', dryRun, fieldValidation: 'Warn' },
  };
}

/** Of the metadata only labels and annotations are ours to change: the rest belongs to the API server. */
function patchTo(object: JsonObject, prepared: UnknownObject): Verdict['patch'] & object {
  const { labels, annotations } = prepared.metadata;
  const given = object['metadata'] as JsonObject;
  const metadata = {
    ...given,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return jsonDiff(object, { ...prepared, metadata });
}
