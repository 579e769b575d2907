import type { RepositoryFile } from '../../forge/forge.ts';
import type { JsonObject } from '../../base/json.ts';
import type { TemplateFacts } from '../types.ts';
import { readDefinitions } from './read-definitions.ts';
import { RemoteDocuments, type RemoteSources } from './remote-documents.ts';
import { type Resolution, resolveDefinition } from './resolve-definition.ts';

/** For tests: facts with these variables and nothing else. */
export function factsOf(
  variables: Readonly<Record<string, string>>,
  body: TemplateFacts['body'] = null,
): TemplateFacts {
  return { variables, body, headers: {}, files: undefined };
}

/** For tests: documents by address or path; `fetched` says what was asked for. */
export function sourcesOf(
  documents: Readonly<Record<string, string>>,
  options: Partial<RemoteSources> = {},
): RemoteSources & { readonly fetched: string[] } {
  const fetched: string[] = [];
  const take = (key: string): Promise<string | undefined> => {
    fetched.push(key);
    return Promise.resolve(documents[key]);
  };
  return {
    fetched,
    readFile: take,
    hostedFile: () => undefined,
    readHostedFile: (file) => take(`hosted ${file.projectUrl} ${file.ref} ${file.path}`),
    fetcher: { fetchText: take },
    catalogs: [{ id: 'default', name: 'default', url: 'https://hub.example', type: 'artifacthub' }],
    remoteTasks: true,
    ...options,
  };
}

/** For tests: resolves every definition of the files. */
export async function resolveAll(
  files: readonly RepositoryFile[],
  sources: RemoteSources = sourcesOf({}),
  facts: TemplateFacts = factsOf({}),
): Promise<readonly Resolution[]> {
  const folder = readDefinitions(files);
  const remote = new RemoteDocuments(sources);
  const context = { folder, remote, facts };
  return Promise.all(folder.definitions.map((definition) => resolveDefinition(definition, context)));
}

/** For tests: the only definition of a text, resolved. */
export async function resolveText(
  text: string,
  documents: Readonly<Record<string, string>> = {},
  facts: TemplateFacts = factsOf({}),
): Promise<Resolution> {
  const [only] = await resolveAll([{ path: '.tekton/run.yaml', text }], sourcesOf(documents), facts);
  if (only === undefined) throw new Error('the text holds no definition');
  return only;
}

/** For tests: the run of a resolution that must have worked. */
export function runOf(resolution: Resolution): JsonObject {
  if (!resolution.ok)
    throw new Error(`${resolution.problem.file}:${resolution.problem.line}: ${resolution.problem.message}`);
  return resolution.pipelineRun;
}
