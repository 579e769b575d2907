/** From a subject to what matching and templates want to know. */
import { gunzipSync } from 'node:zlib';
import type { Json } from '../../base/json.ts';
import type { ChangedFiles, Forge } from '../../forge/forge.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import type { DeliverySpec } from '../../forge/kinds/delivery.ts';
import type { Command } from '../types.ts';
import { parseBody } from '../inbox/parse-body.ts';
import { eventTypeOf } from '../commands/parse-commands.ts';
import type { EventFacts } from './definitions.ts';
import type { Subject } from './subject.ts';

/** Most bytes of a payload, unpacked. */
const payloadBytesMax: number = 32 * 1024 * 1024;

/** The body of a Delivery, parsed; null when it was not kept, or is no JSON. */
function payloadOf({ payload, headers }: DeliverySpec): Json {
  if (payload === undefined) return null;
  try {
    const bytes = gunzipSync(Buffer.from(payload.data, 'base64'), { maxOutputLength: payloadBytesMax });
    return parseBody(bytes, headers['content-type']);
  } catch {
    // It was read once, before it was stored: what cannot be read again is as good as not kept, and templates see null.
    return null;
  }
}

/** What {@link matchFactsOf} needs besides the subject. */
export interface FactSources {
  readonly spec: DeliverySpec;
  readonly forge: Forge;
  /** The commands of the comment, by priority. */
  readonly commands: readonly Command[];
}

/** What matching may know. The host is asked for changed files at most once, and only when a rule needs them. */
export function matchFactsOf(subject: Subject, { spec, forge, commands }: FactSources): EventFacts['match'] {
  const { event, pullRequest, revision } = subject;
  let files: Promise<ChangedFiles> | undefined;
  return {
    trigger: subject.trigger,
    eventType: publishedType(event, commands),
    eventTitle: pullRequest?.title ?? revision.title ?? '',
    targetBranch: subject.targetBranch,
    sourceBranch: subject.sourceBranch,
    targetUrl: event.project.url,
    sourceUrl: subject.headProject.url,
    labels: pullRequest?.labels ?? [],
    ...(event.comment === undefined ? {} : { comment: event.comment.body }),
    body: payloadOf(spec),
    headers: spec.headers,
    changedFiles: () => (files ??= changedFiles(subject, forge)),
  };
}

/** The published event type: of the first command, where a comment gives some. */
export function publishedType(event: GitEvent, [command]: readonly Command[]): string {
  return command === undefined ? event.eventType : eventTypeOf(command);
}

async function changedFiles({ event, pullRequest, sha }: Subject, forge: Forge): Promise<ChangedFiles> {
  if (pullRequest !== undefined) {
    return forge.changedFiles(event.project, { kind: 'pull_request', number: pullRequest.number, headSha: sha });
  }
  const before = event.trigger === 'push' ? event.push?.before : undefined;
  return forge.changedFiles(event.project, { kind: 'push', after: sha, ...(before === undefined ? {} : { before }) });
}
