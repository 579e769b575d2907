import { type JsonObject, isJsonObject } from '../../base/json.ts';
import { invalidIn } from '../../tekton/admission.ts';
import { tektonDefaults, withDefaults } from '../../tekton/defaults.ts';
import type { ChangedFiles } from '../../forge/forge.ts';
import { usesChangedFiles } from '../templates/dynamic.ts';
import { TemplateBudget } from '../templates/expand.ts';
import type { Definition, DefinitionProblem, TemplateFacts } from '../types.ts';
import { inlineTasks, inlinedPipelineName } from './inline.ts';
import { type Origin, placeOf } from './origin.ts';
import { type PreparedSource, complaintsMax, prepareSource, problemAt } from './prepare-source.ts';
import { type TektonFolder, annotationsOf, distinctNamed } from './read-definitions.ts';
import type { RemoteDocuments } from './remote-documents.ts';
import { type RemoteAnnotation, type RemoteObjects, readRemoteObjects, remoteAnnotations } from './remote-objects.ts';
import { ResolutionError } from './resolution-error.ts';
import type { SourceObject } from './source-object.ts';

/** Most characters of a resolved run as JSON: more than any API server stores. */
export const resolvedCharactersMax: number = 3 * 1024 * 1024;

/** What a definition is resolved with. */
export interface ResolveContext {
  /** What placeholders stand for. */
  readonly facts: TemplateFacts;
  readonly folder: TektonFolder;
  /** Those of the event: shared by its definitions. */
  readonly remote: RemoteDocuments;
  /** Asked when `facts` lack the changed files and something to be resolved speaks of them, a remote Task for one. */
  readonly changedFiles?: () => Promise<ChangedFiles>;
}

/** A definition that is ready to run, or why it never will be as it is written. */
export type Resolution =
  | {
      readonly ok: true;
      /**
       * `tekton.dev/v1` PipelineRun with all that is known inlined. Of its metadata only labels and annotations are there:
       * name, namespace and everything that identifies the run are the planner's.
       */
      readonly pipelineRun: JsonObject;
      /** What the author should know; none of it stands in the way of trying. */
      readonly warnings: readonly DefinitionProblem[];
    }
  | { readonly ok: false; readonly problem: DefinitionProblem };

/**
 * Makes a PipelineRun of a definition: replaces placeholders, puts the Pipeline and the Tasks it refers to in place of the
 * references. A Task is looked for among those of the PipelineRun's annotations, then of the Pipeline's, then in
 * `.tekton`; a Pipeline in the PipelineRun's annotation, then in `.tekton`. References to resolvers and to kinds of others
 * stay. Nothing given is changed, and nothing is shared with other runs that could be.
 *
 * Throws `ForgeError` and `RemoteFetchError` only when trying again may help.
 */
export async function resolveDefinition(definition: Definition, context: ResolveContext): Promise<Resolution> {
  try {
    return { ok: true, ...(await new DefinitionResolver(definition, context).resolve()) };
  } catch (thrown) {
    if (thrown instanceof ResolutionError) return { ok: false, problem: ownedBy(definition, thrown.problem) };
    throw thrown;
  }
}

function ownedBy({ name }: Definition, problem: DefinitionProblem): DefinitionProblem {
  return { ...problem, definition: name };
}

interface ResolvedRun {
  readonly pipelineRun: JsonObject;
  readonly warnings: readonly DefinitionProblem[];
}

class DefinitionResolver {
  readonly #definition: Definition;
  readonly #context: ResolveContext;
  readonly #prepared = new Map<SourceObject, PreparedSource>();
  readonly #origins: Origin[] = [];
  readonly #picked = new Map<string, SourceObject>();
  readonly #budget = new TemplateBudget();
  #facts: TemplateFacts;
  #characters = 0;

  constructor(definition: Definition, context: ResolveContext) {
    this.#definition = definition;
    this.#context = context;
    this.#facts = context.facts;
  }

  async resolve(): Promise<ResolvedRun> {
    const { name, file, line, object } = this.#definition;
    const { folder } = this.#context;
    const locate: SourceObject['locate'] = (field) => folder.locate(this.#definition, field);
    const source: SourceObject = { kind: 'PipelineRun', name, file, line, object, locate };
    await this.#learnFiles([source]);
    const run = this.#prepare(source);
    this.#origins.push({ prefix: '', source: run.source, sourcePrefix: '' });
    const annotations = remoteAnnotations(run);
    const spec = await this.#specOf(run, annotations.pipeline);
    const runTasks = await this.#read(run, annotations.tasks, 'Task');
    const pipelineSpec = isJsonObject(spec['pipelineSpec'])
      ? await this.#inline(spec['pipelineSpec'], runTasks.sources)
      : undefined;
    return this.#finished(run, pipelineSpec === undefined ? spec : { ...spec, pipelineSpec });
  }

  /** The Pipeline in whose annotations further tasks are named, and the address it came from. */
  #pipeline: { readonly prepared: PreparedSource; readonly base?: string } | undefined;

  async #specOf(run: PreparedSource, annotated: readonly RemoteAnnotation[]): Promise<JsonObject> {
    const spec = isJsonObject(run.object['spec']) ? run.object['spec'] : {};
    const wanted = inlinedPipelineName(spec);
    if (wanted === undefined) return spec;
    const remote = await this.#read(run, annotated, 'Pipeline');
    const source = this.#pick('Pipeline', wanted, [remote.sources, this.#context.folder.pipelines], () => ({
      source: run.source,
      field: 'spec.pipelineRef.name',
    }));
    const base = remote.addresses.get(source);
    await this.#learnFiles([source]);
    const prepared = this.#prepare(source);
    this.#pipeline = { prepared, ...(base === undefined ? {} : { base }) };
    this.#origins.push({ prefix: 'spec.pipelineSpec', source, sourcePrefix: 'spec' });
    const { pipelineRef: _replaced, ...rest } = spec;
    return { ...rest, pipelineSpec: prepared.object['spec'] ?? {} };
  }

  async #inline(pipelineSpec: JsonObject, runTasks: readonly SourceObject[]): Promise<JsonObject> {
    const pipelineTasks = await this.#tasksOfPipeline();
    const pools = [runTasks, pipelineTasks, this.#context.folder.tasks];
    await this.#learnFiles(pools.flat());
    return inlineTasks(pipelineSpec, (name, field) => {
      const path = `spec.pipelineSpec.${field}`;
      const source = this.#pick('Task', name, pools, () => placeOf(this.#origins, `${path}.taskRef.name`));
      this.#origins.push({ prefix: `${path}.taskSpec`, source, sourcePrefix: 'spec' });
      const { object } = this.#prepare(source);
      this.#count(object, source);
      return object;
    });
  }

  async #tasksOfPipeline(): Promise<readonly SourceObject[]> {
    if (this.#pipeline === undefined) return [];
    const { prepared, base } = this.#pipeline;
    return (await this.#read(prepared, remoteAnnotations(prepared).tasks, 'Task', base)).sources;
  }

  async #read(
    from: PreparedSource,
    annotations: readonly RemoteAnnotation[],
    kind: 'Pipeline' | 'Task',
    base?: string,
  ): Promise<RemoteObjects> {
    return readRemoteObjects({ from, annotations, kind, base, documents: this.#context.remote });
  }

  #pick(
    kind: 'Pipeline' | 'Task',
    name: string,
    pools: readonly (readonly SourceObject[])[],
    placeFor: () => { readonly source: SourceObject; readonly field: string },
  ): SourceObject {
    const known = this.#picked.get(`${kind} ${name}`);
    if (known !== undefined) return known;
    const found = pools.map((pool) => distinctNamed(pool, name)).find((named) => named.length > 0) ?? [];
    const [source, other] = found;
    if (source !== undefined && other === undefined) {
      this.#picked.set(`${kind} ${name}`, source);
      return source;
    }
    const place = placeFor();
    if (source === undefined) {
      const message = `there is no ${kind} "${name}" in .tekton or in the annotations that name remote ones`;
      throw new ResolutionError(problemAt(place.source, place.field, message));
    }
    const places = found.map(({ file, line }) => `${file}:${line}`).join(', ');
    const message = `"${name}" is the name of different ${kind}s: ${places}`;
    throw new ResolutionError(problemAt(place.source, place.field, message));
  }

  async #learnFiles(sources: readonly SourceObject[]): Promise<void> {
    const { changedFiles } = this.#context;
    if (this.#facts.files !== undefined || changedFiles === undefined) return;
    if (!sources.some(({ object }) => usesChangedFiles(object))) return;
    this.#facts = { ...this.#facts, files: await changedFiles() };
  }

  #prepare(source: SourceObject): PreparedSource {
    const known = this.#prepared.get(source);
    if (known !== undefined) return known;
    const prepared = prepareSource(source, this.#facts, this.#budget);
    this.#prepared.set(source, prepared);
    return prepared;
  }

  /** A Task may be used by every task of a Pipeline: what it adds up to is bounded before it is ever written out. */
  #count(object: JsonObject, source: SourceObject): void {
    this.#characters += JSON.stringify(object).length;
    if (this.#characters <= resolvedCharactersMax) return;
    const message = `with its Tasks in place the run has more than ${resolvedCharactersMax} characters`;
    throw new ResolutionError(problemAt(source, '', message));
  }

  #finished(run: PreparedSource, spec: JsonObject): ResolvedRun {
    const { apiVersion, kind, metadata } = run.object;
    const { labels } = isJsonObject(metadata) ? metadata : {};
    const annotations = annotationsOf(run.object);
    const pipelineRun: JsonObject = {
      ...{ apiVersion, kind },
      metadata: {
        ...(labels === undefined ? {} : { labels }),
        ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      },
      spec,
    };
    const warnings = [...this.#prepared.values()].flatMap((prepared) => prepared.warnings);
    return { pipelineRun, warnings: [...warnings, ...this.#invalid(pipelineRun)] };
  }

  /** What our own API server would refuse; another one may know better. */
  #invalid(pipelineRun: JsonObject): readonly DefinitionProblem[] {
    const named = { ...pipelineRun, metadata: { ...(pipelineRun['metadata'] as JsonObject), name: 'run' } };
    const problems = invalidIn('PipelineRun', withDefaults('PipelineRun', named, tektonDefaults));
    return problems.slice(0, complaintsMax).map(({ field, message }) => {
      const place = placeOf(this.#origins, field);
      return problemAt(place.source, place.field, message);
    });
  }
}
