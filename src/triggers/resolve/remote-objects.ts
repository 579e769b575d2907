import { errorText } from '../../base/errors.ts';
import { ForgeError } from '../../forge/forge.ts';
import { parseAnnotationList } from '../matching/annotation-list.ts';
import { type PreparedSource, problemAt } from './prepare-source.ts';
import { annotationsOf } from './read-definitions.ts';
import { type RemoteReference, parseReference } from './references.ts';
import type { RemoteDocuments } from './remote-documents.ts';
import { RemoteFetchError } from './remote-fetcher.ts';
import { ResolutionError } from './resolution-error.ts';
import { type SourceObject, readObjects } from './source-object.ts';

/** Most references in the annotations of one object. */
export const remoteReferencesMax = 50;

/** A reference of an annotation. */
export interface RemoteAnnotation {
  /** The annotation it stands in. */
  readonly key: string;
  readonly text: string;
}

const prefix = 'pipelinesascode.tekton.dev/';
const taskKey = /^pipelinesascode\.tekton\.dev\/task(?:-\d+)?$/;

/** The references of an object's annotations `task`, `task-1` and on, in the order of their numbers, and `pipeline`. Throws {@link ResolutionError}. */
export function remoteAnnotations(from: PreparedSource): {
  readonly tasks: readonly RemoteAnnotation[];
  readonly pipeline: readonly RemoteAnnotation[];
} {
  const annotations = annotationsOf(from.object);
  const keys = Object.keys(annotations).filter((key) => taskKey.test(key));
  const tasks = keys.sort(byNumber).flatMap((key) => listed(from, key, annotations[key] ?? ''));
  const pipelineKey = `${prefix}pipeline`;
  const pipelineText = annotations[pipelineKey];
  const pipeline = pipelineText === undefined ? [] : listed(from, pipelineKey, pipelineText);
  if (pipeline.length > 1) throw refused(from, pipelineKey, 'names several Pipelines; a run has one');
  if (tasks.length > remoteReferencesMax) {
    throw refused(from, `${prefix}task`, `${tasks.length} references; at most ${remoteReferencesMax} are allowed`);
  }
  return { tasks, pipeline };
}

function listed(from: PreparedSource, key: string, value: string): readonly RemoteAnnotation[] {
  const list = parseAnnotationList(value);
  if (!list.ok) throw refused(from, key, list.message);
  return list.items.map((text) => ({ key, text }));
}

function byNumber(a: string, b: string): number {
  return numberOf(a) - numberOf(b);
}

function numberOf(key: string): number {
  return Number(/-(\d+)$/.exec(key)?.[1] ?? -1);
}

/** Objects that came from elsewhere, and the addresses of those that came from one. */
export interface RemoteObjects {
  readonly sources: readonly SourceObject[];
  readonly addresses: ReadonlyMap<SourceObject, string>;
}

/** What {@link readRemoteObjects} needs. */
export interface RemoteReadOptions {
  /** The object in whose annotations the references stand. */
  readonly from: PreparedSource;
  readonly annotations: readonly RemoteAnnotation[];
  readonly kind: 'Pipeline' | 'Task';
  /** Address that relative references are relative to. */
  readonly base: string | undefined;
  readonly documents: RemoteDocuments;
}

/**
 * Reads what references lead to, parsed anew: nothing is shared with other runs. Throws {@link ResolutionError}; and
 * `ForgeError` or `RemoteFetchError` when trying again may help.
 */
export async function readRemoteObjects(options: RemoteReadOptions): Promise<RemoteObjects> {
  const sources: SourceObject[] = [];
  const addresses = new Map<SourceObject, string>();
  for (const annotation of options.annotations) {
    const parsed = parseReference(annotation.text, options.base);
    if (!parsed.ok) throw refused(options.from, annotation.key, parsed.message);
    const found = await objectsAt(parsed.reference, annotation, options);
    sources.push(...found);
    if (parsed.reference.type !== 'url') continue;
    for (const source of found) addresses.set(source, parsed.reference.url);
  }
  return { sources, addresses };
}

async function objectsAt(
  reference: RemoteReference,
  { key, text }: RemoteAnnotation,
  { from, kind, documents }: RemoteReadOptions,
): Promise<readonly SourceObject[]> {
  const document = await readText(reference, { key, text }, { from, kind, documents });
  const { objects, problems } = readObjects(document, labelOf(reference));
  const ofKind = objects.filter((object) => object.kind === kind);
  if (ofKind.length > 0) return ofKind;
  const [problem] = problems;
  const place = problem?.line === undefined ? '' : `line ${problem.line}: `;
  throw refused(from, key, `"${text}" holds no ${kind} of Tekton${problem ? `: ${place}${problem.message}` : ''}`);
}

async function readText(
  reference: RemoteReference,
  { key, text }: RemoteAnnotation,
  { from, kind, documents }: Pick<RemoteReadOptions, 'from' | 'kind' | 'documents'>,
): Promise<string> {
  try {
    const document = await documents.read(reference, kind);
    if (document !== undefined) return document;
  } catch (thrown) {
    const isOurs = thrown instanceof RemoteFetchError || thrown instanceof ForgeError;
    if (!isOurs || thrown.passing) throw thrown;
    throw refused(from, key, `"${text}" cannot be read: ${errorText(thrown)}`);
  }
  throw refused(from, key, `"${text}" does not exist${reference.type === 'path' ? ' in the repository' : ''}`);
}

function labelOf(reference: RemoteReference): string {
  if (reference.type === 'url') return reference.url;
  if (reference.type === 'path') return reference.path;
  const { catalog, name, version } = reference;
  return `${catalog}://${name}${version === undefined ? '' : `:${version}`}`;
}

function refused({ source }: PreparedSource, key: string, message: string): ResolutionError {
  return new ResolutionError(problemAt(source, `metadata.annotations[${key}]`, message));
}
