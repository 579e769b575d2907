import { type Json, type JsonObject, isJsonList, isJsonObject, jsonEqual } from '../../base/json.ts';
import { type RepositoryFile, fileBytesMax, folderBytesMax, folderFilesMax } from '../../forge/forge.ts';
import type { Position } from '../../yaml/diagnostic.ts';
import type { Definition, DefinitionProblem } from '../types.ts';
import { joined, type SourceObject, readObjects, weightOf } from './source-object.ts';

/** Most objects of Tekton in one `.tekton`. */
export const folderObjectsMax = 1000;
/** Most PipelineRuns in one `.tekton`: what an event leads to is stored in one object of the API, which has room for so many. */
export const folderRunsMax = 200;
/** Most characters of the name of a PipelineRun: no object of Kubernetes has a longer one. */
export const runNameCharactersMax = 253;
/** Most lines and brackets of all files of `.tekton` together: what reading them costs, some seconds at worst. */
export const folderWeightMax = 100_000;

const annotationPrefix = 'pipelinesascode.tekton.dev/';
/** Most items of a list that a complaint repeats. */
const itemsShown = 5;

/** What `.tekton` holds. */
export interface TektonFolder {
  readonly definitions: readonly Definition[];
  readonly pipelines: readonly SourceObject[];
  readonly tasks: readonly SourceObject[];
  /** Each fails what it names, nothing else. Without `definition` and `line` it concerns the whole file. */
  readonly problems: readonly DefinitionProblem[];
  /** Where a field of a definition of this folder stands. */
  locate(definition: Definition, field: string): Position;
}

/**
 * Reads the files of `.tekton`. Those not named `.yaml` or `.yml`, and documents of other kinds, are passed over. A file or
 * document that is wrong is told and left out, the others count. Two PipelineRuns of one name are both left out: it would
 * be chance which one a status is about. Too many files or bytes: nothing is read, and one problem says so.
 */
export function readDefinitions(files: readonly RepositoryFile[]): TektonFolder {
  const yaml = files.filter(({ path }) => /\.ya?ml$/i.test(path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const refused = refuseFolder(yaml);
  if (refused !== undefined) return folderOf([], [refused]);
  const objects: SourceObject[] = [];
  const problems: DefinitionProblem[] = [];
  for (const { path, text } of yaml) {
    const read = text.length > fileBytesMax ? tooLarge(path) : readObjects(text, path);
    objects.push(...read.objects);
    problems.push(...read.problems);
  }
  const tooMany = refuseObjects(objects);
  return tooMany === undefined ? folderOf(objects, problems) : folderOf([], [tooMany]);
}

function refuseObjects(objects: readonly SourceObject[]): DefinitionProblem | undefined {
  if (objects.length > folderObjectsMax) {
    const message = `.tekton holds ${objects.length} objects; at most ${folderObjectsMax} are read`;
    return { file: '.tekton', message };
  }
  const runs = objects.filter(({ kind }) => kind === 'PipelineRun').length;
  if (runs <= folderRunsMax) return undefined;
  return { file: '.tekton', message: `.tekton holds ${runs} PipelineRuns; at most ${folderRunsMax} are read` };
}

function refuseFolder(files: readonly RepositoryFile[]): DefinitionProblem | undefined {
  if (files.length > folderFilesMax) {
    const message = `.tekton holds ${files.length} YAML files; at most ${folderFilesMax} are read`;
    return { file: '.tekton', message };
  }
  const characters = files.reduce((sum, { text }) => sum + text.length, 0);
  if (characters > folderBytesMax) {
    return { file: '.tekton', message: `the files of .tekton have more than ${folderBytesMax} bytes together` };
  }
  const weight = files.reduce((sum, { text }) => sum + weightOf(text), 0);
  if (weight <= folderWeightMax) return undefined;
  return {
    file: '.tekton',
    message: `the files of .tekton have more than ${folderWeightMax} lines and brackets together`,
  };
}

function tooLarge(file: string): { readonly objects: readonly []; readonly problems: readonly DefinitionProblem[] } {
  return { objects: [], problems: [{ file, message: `the file has more than ${fileBytesMax} bytes` }] };
}

function folderOf(objects: readonly SourceObject[], problems: readonly DefinitionProblem[]): TektonFolder {
  const runs = objects.filter(({ kind }) => kind === 'PipelineRun');
  const sources = new Map<JsonObject, SourceObject>(runs.map((run) => [run.object, run]));
  const refused = runs.map((run) => refuseRun(run, runs));
  return {
    definitions: runs.filter((_run, index) => refused[index] === undefined).map(definitionOf),
    pipelines: objects.filter(({ kind }) => kind === 'Pipeline'),
    tasks: objects.filter(({ kind }) => kind === 'Task'),
    problems: [...problems, ...refused.filter((problem) => problem !== undefined)],
    locate: ({ object, line }, field) => sources.get(object)?.locate(field) ?? { line, column: 1 },
  };
}

function definitionOf({ name, file, line, object }: SourceObject): Definition {
  return { name, file, line, annotations: annotationsOf(object), object };
}

function refuseRun(run: SourceObject, runs: readonly SourceObject[]): DefinitionProblem | undefined {
  const { file, name } = run;
  if (name === '') {
    const message = 'a PipelineRun needs metadata.name or metadata.generateName';
    return { file, ...run.locate('metadata'), field: 'metadata.name', message };
  }
  if (name.length > runNameCharactersMax) {
    const message = `the name of a PipelineRun has ${name.length} characters; at most ${runNameCharactersMax} are allowed`;
    return { file, ...run.locate('metadata.name'), definition: name, field: 'metadata.name', message };
  }
  const bare = bareAnnotation(run);
  if (bare !== undefined) return bare;
  const other = runs.find((one) => one !== run && one.name === name);
  if (other === undefined) return undefined;
  const message = `"${name}" is the name of two PipelineRuns: the other is at ${other.file}:${other.line}; neither runs`;
  return { file, ...run.locate('metadata.name'), definition: name, field: 'metadata.name', message };
}

/**
 * An annotation of ours that is no text: without quotes `on-event: [push]` is a list to YAML, and `max-keep-runs: 5` a number.
 * Left out it would be as if it were not there, and nobody would learn why nothing runs.
 */
function bareAnnotation(run: SourceObject): DefinitionProblem | undefined {
  const { file, name, object } = run;
  const { metadata } = object;
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  if (!isJsonObject(annotations)) return undefined;
  const bare = Object.entries(annotations).find(
    ([key, value]) => key.startsWith(annotationPrefix) && typeof (value ?? '') !== 'string',
  );
  if (bare === undefined) return undefined;
  const [key, value = null] = bare;
  const field = joined('metadata.annotations', key);
  const message = `is no text: put its value into quotes, ${JSON.stringify(writtenAs(value))}`;
  return { file, ...run.locate(field), definition: name, field: key, message };
}

/** How an annotation writes what YAML took for something else. */
function writtenAs(value: Json): string {
  if (isJsonList(value)) return `[${value.slice(0, itemsShown).map(String).join(', ')}]`;
  return isJsonObject(value) ? '…' : String(value ?? '');
}

/** The annotations that are text. */
export function annotationsOf(object: JsonObject): Readonly<Record<string, string>> {
  const { metadata } = object;
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  if (!isJsonObject(annotations)) return {};
  return Object.fromEntries(
    Object.entries(annotations).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

/** The first of `objects` called `name`, and those of that name that differ from it. */
export function distinctNamed(objects: readonly SourceObject[], name: string): readonly SourceObject[] {
  const [first, ...others] = objects.filter((object) => object.name === name);
  if (first === undefined) return [];
  return [first, ...others.filter(({ object }) => !jsonEqual(object, first.object))];
}
