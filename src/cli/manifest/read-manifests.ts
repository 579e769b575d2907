import { UserError } from '../../base/errors.ts';
import type { FileReader } from '../../base/file-system.ts';
import type { Diagnostic } from '../../yaml/diagnostic.ts';
import { type YamlDocument, parseYaml, yamlBytesMax } from '../../yaml/parse-yaml.ts';

/** The most files one command reads. */
export const manifestFilesMax = 1000;
/** The deepest folder below a given one that is read. */
export const manifestDepthMax = 8;

/** What the files hold; a complaint for each place that cannot be read. */
export interface ReadManifests {
  readonly documents: readonly YamlDocument[];
  readonly diagnostics: readonly Diagnostic[];
  readonly files: readonly string[];
}

/**
 * Reads YAML documents from files, from folders (every `.yaml`, `.yml` and `.json` below, in order of name) and from
 * standard input (`-`). Throws a {@link UserError} for a path that is not there.
 */
export async function readManifests(paths: readonly string[], reader: FileReader): Promise<ReadManifests> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await filesAt(path, reader)));
  if (files.length > manifestFilesMax) {
    throw new UserError(`there are ${files.length} files under ${paths.join(', ')}; the most is ${manifestFilesMax}`, {
      code: 'TOO_MANY_FILES',
      remedy: 'name a smaller folder, or single files with -f',
    });
  }
  const documents: YamlDocument[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    const parsed = parseYaml(await textOf(file, reader), file === '-' ? 'standard input' : file);
    documents.push(...parsed.documents);
    diagnostics.push(...parsed.diagnostics);
  }
  return { documents, diagnostics, files };
}

async function filesAt(path: string, reader: FileReader): Promise<readonly string[]> {
  if (path === '-') return [path];
  const kind = await reader.kindOf(path);
  // What is no ordinary file is a pipe, as of `-f <(command)`.
  if (kind === 'file' || kind === 'other') return [path];
  if (kind === 'missing') {
    throw new UserError(`no such file or folder: ${path}`, {
      code: 'PATH_MISSING',
      remedy: 'give a YAML file, or a folder such as .tekton',
    });
  }
  const found = await filesBelow(path, reader, manifestDepthMax);
  if (found.length > 0) return found;
  throw new UserError(`no .yaml, .yml or .json file in ${path}`, { code: 'NO_MANIFESTS' });
}

async function filesBelow(folder: string, reader: FileReader, depth: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await reader.list(folder)) {
    const path = folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
    const kind = await reader.kindOf(path);
    if (kind === 'missing' && name.includes(replacementCharacter)) throw unreadableName(path);
    if (kind === 'directory' && depth > 0) found.push(...(await filesBelow(path, reader, depth - 1)));
    else if (kind === 'file' && /\.(ya?ml|json)$/i.test(name)) found.push(path);
  }
  return found;
}

/** What stands in a name for bytes that are not UTF-8. Such a path leads nowhere. */
const replacementCharacter = '\ufffd';

/** Passed over in silence it would look as if it had been read, and was fine. */
function unreadableName(path: string): UserError {
  return new UserError(`${path} cannot be read: its name is not UTF-8`, {
    code: 'PATH_UNREADABLE',
    remedy: 'give it another name, or name a smaller folder',
  });
}

async function textOf(file: string, reader: FileReader): Promise<string> {
  // One byte more than the parser takes is enough for it to say that the file is too large.
  const bytes = await (file === '-' ? reader.readInput(yamlBytesMax) : reader.read(file, yamlBytesMax));
  return new TextDecoder('utf-8').decode(bytes);
}
