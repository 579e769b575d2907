import { UserError, errorText } from '../base/errors.ts';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import { installName, partOfLabel } from '../install/names.ts';
import { type InstallOptions, defaultInstallOptions } from '../install/install-options.ts';
import { installParts } from '../install/installation.ts';
import { resourceTypeOf } from '../install/resource-types.ts';
import { ApiStatusError, isApiError } from '../kube/api-error.ts';
import { keyOf, keyText, type KubeObject } from '../kube/object.ts';
import { writeYamlDocuments } from '../yaml/write-yaml.ts';
import { explainedAnswer } from './gate/server.ts';
import { type CliEnvironment, type Connection, type ServerChoice, exitCodes } from './environment.ts';

/** Options of `penstock install`. */
export interface InstallFlags {
  readonly dryRun?: boolean;
  readonly output: 'yaml' | 'json';
  readonly namespace?: string;
  readonly image?: string;
  readonly replicas?: number;
  readonly engine: 'penstock' | 'tekton';
  readonly withoutTektonCrds?: boolean;
  readonly withoutPipelinesAsCodeCrds?: boolean;
  readonly withServiceMonitor?: boolean;
  readonly newRepositories?: boolean;
  readonly logs?: string;
  readonly logsClaim?: string;
  readonly hooksTlsSecret?: string;
  readonly ingressHost?: string;
  readonly ingressClass?: string;
  readonly ingressTlsSecret?: string;
}

/** The field manager of what is applied. */
const fieldManager = 'penstock-install';

/**
 * `penstock install`: applies all of an installation by server-side apply, or prints it. CustomResourceDefinitions that
 * somebody else has installed stay as they are. What the server refuses ends it with a message that names the object; what
 * was applied before stays, and applying again goes on from there.
 */
export async function installCommand(flags: InstallFlags & ServerChoice, environment: CliEnvironment): Promise<number> {
  const { screen } = environment;
  const options = optionsOf(flags, environment.version);
  const objects = installParts(options).flatMap((part) => part.objects);
  if (flags.dryRun === true) {
    screen.write(flags.output === 'yaml' ? writeYamlDocuments(objects) : listText(objects));
    return exitCodes.succeeded;
  }
  using connection = await environment.connect(flags);
  let missing = 0;
  let foreign = 0;
  for (const object of objects) {
    const outcome = await applied(connection, object);
    if (outcome === 'not served') missing++;
    if (outcome === leftAlone && /\/[a-z]+\.tekton\.dev$/.test(nameOf(object))) foreign++;
    screen.write(`${nameOf(object)} ${outcome}\n`);
  }
  if (foreign > 0 && flags.engine === 'penstock') screen.writeError(tektonNotice);
  if (missing > 0) {
    screen.writeError(
      `error: ${connection.server} does not serve ${missing} of these kinds: Penstock cannot run there\n`,
    );
    return exitCodes.failed;
  }
  screen.write(nextSteps(options));
  return exitCodes.succeeded;
}

function optionsOf(flags: InstallFlags, version: string): InstallOptions {
  const { namespace, image, replicas, engine, logs, logsClaim, hooksTlsSecret } = flags;
  return {
    ...defaultInstallOptions(version),
    ...(namespace === undefined ? {} : { namespace }),
    ...(image === undefined ? {} : { image }),
    ...(replicas === undefined ? {} : { replicas }),
    engine,
    ...(logs === undefined ? {} : { logs }),
    ...(logsClaim === undefined ? {} : { logsClaim }),
    ...(hooksTlsSecret === undefined ? {} : { hooksTlsSecret }),
    tektonCrds: flags.withoutTektonCrds !== true && engine === 'penstock',
    pipelinesAsCodeCrds: flags.withoutPipelinesAsCodeCrds !== true,
    monitoring: flags.withServiceMonitor === true,
    newRepositories: flags.newRepositories === true,
    ...ingressOf(flags),
  };
}

function ingressOf(flags: InstallFlags): Pick<InstallOptions, 'ingress'> {
  const { ingressHost: host, ingressClass: className, ingressTlsSecret: tlsSecret } = flags;
  const more = { ...(className === undefined ? {} : { className }), ...(tlsSecret === undefined ? {} : { tlsSecret }) };
  if (host !== undefined) return { ingress: { host, ...more } };
  if (Object.keys(more).length === 0) return {};
  throw new UserError('an Ingress needs the name by which Git hosts call it', {
    code: 'INSTALL_OPTION',
    remedy: 'add --ingress-host ci.example.com, or leave out the other options of the Ingress',
  });
}

const leftAlone = 'left alone: somebody else installed it';
type Outcome = 'applied' | typeof leftAlone | 'not served';

const tektonNotice = `note: kinds of Tekton are installed already. If Tekton runs here too, both would run the same PipelineRuns:
  install with --engine tekton, or remove Tekton's controllers first
`;

async function applied({ client, server }: Connection, object: JsonObject): Promise<Outcome> {
  const type = resourceTypeOf(object);
  const key = keyOf(object as unknown as KubeObject);
  try {
    if (type.kind === 'CustomResourceDefinition') {
      const installed = await client.get(type, key).catch(undefinedIfGone);
      if (installed !== undefined && !isOurs(installed)) return leftAlone;
    }
    await client.patch(type, key, object, { type: 'apply', fieldManager, force: true });
    return 'applied';
  } catch (thrown) {
    // An apply makes what is not there: only a path can be missing, or the namespace, which was applied before.
    if (isApiError(thrown, 'NotFound') || isApiError(thrown, 'MethodNotAllowed')) return 'not served';
    if (!(thrown instanceof ApiStatusError)) throw explainedAnswer(thrown, server);
    throw new UserError(`${server} does not take ${nameOf(object)}: ${errorText(thrown)}`, {
      code: 'INSTALL_REFUSED',
      remedy: 'an installation needs the rights of a cluster administrator; what was applied stays',
      cause: thrown,
    });
  }
}

function undefinedIfGone(thrown: unknown): undefined {
  if (isApiError(thrown, 'NotFound')) return undefined;
  throw thrown;
}

function isOurs({ metadata }: KubeObject): boolean {
  return Object.entries(partOfLabel).every(([key, value]) => metadata.labels?.[key] === value);
}

/** As kubectl writes it: `clusterrole/penstock`. */
function nameOf(object: JsonObject): string {
  const { kind } = object;
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  return `${String(kind).toLowerCase()}/${keyText({ namespace: '', name: String(metadata['name']) })}`;
}

function listText(items: readonly JsonObject[]): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2)}\n`;
}

function nextSteps({ namespace, ingress }: InstallOptions): string {
  const scheme = ingress?.tlsSecret === undefined ? '' : 'https://';
  const place = ingress === undefined ? [] : [`Git hosts send their webhooks to ${scheme}${ingress.host}/hooks/HOST`];
  return [
    '',
    'Watch it start:',
    `  kubectl -n ${namespace} rollout status deployment/${installName}`,
    'Until a replica is ready, new PipelineRuns and TaskRuns are refused.',
    ...place,
    '',
  ].join('\n');
}
