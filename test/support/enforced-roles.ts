/** RBAC as API servers decide it, with the roles of an installation and with nothing else. */
import type { JsonObject } from '../../src/base/json.ts';
import { clusterRules, newRepositoryRules, ownNamespaceRules, type PolicyRule } from '../../src/install/access.ts';
import type { InstallOptions } from '../../src/install/install-options.ts';
import type { ApiRequest, Transport } from '../../src/kube/transport.ts';

/** One thing that a rule allows. */
interface Grant {
  /** `cluster`: everywhere. `own`: in Penstock's own namespace. */
  readonly scope: 'cluster' | 'own';
  /** `update tekton.dev/pipelineruns/status`. */
  readonly access: string;
  readonly names?: readonly string[];
}

/** What RBAC is asked about a request. */
interface Call {
  readonly access: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** Answers 403 to what the roles do not allow, and remembers what was needed of that which they do. */
export class EnforcedRoles {
  /** What was refused, once each. */
  readonly refused: Set<string> = new Set<string>();
  readonly #used = new Set<string>();
  readonly #grants: readonly Grant[];
  readonly #namespace: string;

  /** Of an installation in `namespace`. */
  constructor({
    engine,
    namespace,
    newRepositories = false,
  }: Pick<InstallOptions, 'engine' | 'namespace'> & Partial<Pick<InstallOptions, 'newRepositories'>>) {
    this.#namespace = namespace;
    const everywhere = [...clusterRules({ engine }), ...(newRepositories ? newRepositoryRules : [])];
    // The narrow ones first: what they allow is not needed of the others.
    this.#grants = [...grantsOf('own', ownNamespaceRules), ...grantsOf('cluster', everywhere)].toSorted(
      (a, b) => breadth(a) - breadth(b),
    );
  }

  enforce(transport: Transport): Transport {
    return async (request) => {
      const refused = callsOf(request).find((call) => !this.#isAllowed(call));
      return refused === undefined ? transport(request) : forbidden(refused);
    };
  }

  /** The same for who only sees a request pass; `own` is Penstock's own namespace there. */
  note(request: ApiRequest, own: string = this.#namespace): void {
    for (const call of callsOf(request)) this.#isAllowed(call, own);
  }

  /** What is allowed and was never needed. */
  unused(): readonly string[] {
    return [...new Set(this.#grants.map(textOf))].filter((text) => !this.#used.has(text)).toSorted();
  }

  #isAllowed(call: Call, own: string = this.#namespace): boolean {
    const grant = this.#grants.find((one) => covers(one, call, own));
    if (grant === undefined) this.refused.add(`${call.access} in ${call.namespace ?? 'all namespaces'}`);
    else this.#used.add(textOf(grant));
    return grant !== undefined;
  }
}

function covers({ scope, access, names }: Grant, call: Call, own: string): boolean {
  if (access !== call.access || (scope === 'own' && call.namespace !== own)) return false;
  return names === undefined || (call.name !== undefined && names.includes(call.name));
}

function breadth({ scope, names }: Grant): number {
  return (scope === 'own' ? 0 : 2) + (names === undefined ? 1 : 0);
}

function textOf({ scope, access, names = [] }: Grant): string {
  return [scope, access, ...names].join(' ');
}

function grantsOf(scope: Grant['scope'], rules: readonly PolicyRule[]): readonly Grant[] {
  return rules.flatMap(({ apiGroups, resources, resourceNames, verbs: allowed }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        allowed.map((verb) => ({
          scope,
          access: `${verb} ${group}/${resource}`,
          ...(resourceNames === undefined ? {} : { names: resourceNames }),
        })),
      ),
    ),
  );
}

/** The call itself, and what OwnerReferencesPermissionEnforcement asks about the owners that it names. */
function callsOf(request: ApiRequest): readonly Call[] {
  const body = request.body as { readonly metadata?: { readonly ownerReferences?: readonly JsonObject[] } } | undefined;
  const call = callOf(request);
  const owners = (body?.metadata?.ownerReferences ?? [])
    .filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true)
    .map(({ apiVersion, kind, name }) => ({
      access: `update ${String(apiVersion).split('/')[0]}/${String(kind).toLowerCase()}s/finalizers`,
      namespace: call.namespace,
      name: String(name),
    }));
  return [call, ...owners];
}

function callOf({ method, path, query }: ApiRequest): Call {
  const parts = path.split('/').slice(1);
  const [group, rest] = parts[0] === 'api' ? ['', parts.slice(2)] : [parts[1] ?? '', parts.slice(3)];
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [resource = '', name, subresource] = isNamespaced ? rest.slice(2) : rest;
  const read = query['watch'] === 'true' ? 'watch' : name === undefined ? 'list' : 'get';
  const verb = method === 'GET' ? read : method === 'DELETE' && name === undefined ? 'deletecollection' : verbs[method];
  return {
    access: `${verb} ${group}/${[resource, ...(subresource === undefined ? [] : [subresource])].join('/')}`,
    namespace: isNamespaced ? rest[1] : undefined,
    name,
  };
}

function forbidden({ access, namespace = 'all namespaces' }: Call): Awaited<ReturnType<Transport>> {
  const message = `forbidden: the roles of the installation do not allow ${access} in ${namespace}`;
  const value = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message, code: 403 };
  return { status: 403, headers: {}, body: { kind: 'json', value } };
}
