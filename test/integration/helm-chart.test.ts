/**
 * The Helm chart without Helm: an evaluator of the few constructs that its templates use renders them, and what comes out must
 * be the objects of src/install. Other constructs are an error here. What Helm itself does (installing, upgrading, its own
 * reading of the schema) is not tested.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { installParts } from '../../src/install/installation.ts';
import { type InstallOptions, defaultInstallOptions, ingressAnnotations } from '../../src/install/install-options.ts';
import { penstockKinds } from '../../src/schema/penstock/penstock-kinds.ts';
import { repositoryKind } from '../../src/schema/pipelines-as-code/repository.ts';
import { tektonKinds } from '../../src/schema/tekton/tekton-kinds.ts';
import { parseYaml } from '../../src/yaml/parse-yaml.ts';
import { writeYaml } from '../../src/yaml/write-yaml.ts';

const root = path.resolve(import.meta.dirname, '../..');
const chart = path.join(root, 'deploy/chart');
const read = (file: string): string => readFileSync(path.join(chart, file), 'utf8');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };

function yamlOf(file: string): JsonObject {
  const [document] = parseYaml(read(file), file).documents;
  assert.ok(isJsonObject(document?.value), file);
  return document.value;
}

const defaults = yamlOf('values.yaml');
const noTekton = { penstock: true, tekton: false, pipelinesAsCode: true } as const;

/** What a template may refer to. */
interface Scope {
  readonly values: JsonObject;
  readonly namespace: string;
}

function render(template: string, scope: Scope): string {
  const lines: string[] = [];
  /** Whether each of the enclosing conditions holds, in this branch. */
  const open: boolean[] = [];
  for (const line of template.split('\n')) {
    const control = /^\s*\{\{- (if (?<condition>.+)|else|end) \}\}$/.exec(line);
    if (control?.groups?.['condition'] !== undefined) open.push(holds(control.groups['condition'], scope));
    else if (control?.[1] === 'else') open.push(!open.pop());
    else if (control?.[1] === 'end') open.pop();
    else if (open.every(Boolean)) lines.push(rendered(line, scope));
  }
  assert.equal(open.length, 0, 'every if has its end');
  return lines.join('\n');
}

function holds(condition: string, scope: Scope): boolean {
  if (condition.startsWith('or '))
    return condition
      .split(' ')
      .slice(1)
      .some((one) => holds(one, scope));
  const [, place = condition, wanted] = /^eq (\S+) "(.*)"$/.exec(condition) ?? [];
  const value = valueAt(place, scope);
  if (wanted !== undefined) return value === wanted;
  return isJsonList(value) ? value.length > 0 : isJsonObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

function rendered(line: string, scope: Scope): string {
  const block = /^\s*\{\{- (toYaml (?<value>\S+)|\.Files\.Get "(?<file>[^"]+)") \| nindent (?<indent>\d+) \}\}$/.exec(
    line,
  );
  if (block?.groups) {
    const { value, file, indent } = block.groups;
    const text = file === undefined ? writeYaml(valueAt(value ?? '', scope)) : read(file);
    return text.trimEnd().replaceAll(/^/gm, ' '.repeat(Number(indent)));
  }
  return line.replaceAll(/\{\{ (.+?) \}\}/g, (_text, expression: string) => {
    const file = /^\.Files\.Get "([^"]+)"$/.exec(expression)?.[1];
    if (file !== undefined) return read(file);
    const [place = '', quote] = expression.split(' | ');
    assert.ok(quote === undefined || quote === 'quote', expression);
    const value = valueAt(place, scope);
    assert.ok(typeof value !== 'object', expression);
    return quote ? JSON.stringify(String(value)) : String(value);
  });
}

/** Templates refer only to values that are declared. */
function valueAt(place: string, { values, namespace }: Scope): Json {
  if (place === '.Release.Namespace') return namespace;
  const members = /^\.Values\.(\S+)$/.exec(place)?.[1]?.split('.');
  assert.ok(members, `the evaluator does not know ${place}`);
  return members.reduce((value: Json, member) => {
    assert.ok(isJsonObject(value) && value[member] !== undefined, `${place} is not in values.yaml`);
    return value[member];
  }, values);
}

function release(values: JsonObject, namespace: string): readonly JsonObject[] {
  return globSync('templates/*.yaml', { cwd: chart })
    .sort()
    .flatMap((file) => {
      const text = render(read(file), { values, namespace });
      // One by one: together they are more than a file of a person may be.
      return text.split(/^---$/m).flatMap((document) => {
        const { documents, diagnostics } = parseYaml(document, file);
        assert.deepEqual(diagnostics, []);
        return documents.map(({ value }) => value as JsonObject);
      });
    });
}

function expected(options: Partial<InstallOptions>): readonly JsonObject[] {
  return installParts({ ...defaultInstallOptions(version), ...options })
    .filter(({ name }) => name !== 'namespace')
    .flatMap(({ objects }) => objects);
}

/** Comparable: sorted, and without what only the chart has. */
function comparable(objects: readonly JsonObject[]): readonly JsonObject[] {
  const plain = objects.map(
    (object) => JSON.parse(JSON.stringify(object)) as { metadata: { annotations?: object } } & JsonObject,
  );
  for (const { metadata } of plain) delete metadata.annotations;
  return plain.toSorted((a, b) => identityOf(a).localeCompare(identityOf(b), 'en'));
}

function identityOf({ kind, metadata }: JsonObject): string {
  return `${String(kind)}/${isJsonObject(metadata) ? String(metadata['name']) : ''}`;
}

describe('the Helm chart', () => {
  it('renders the objects of an installation', () => {
    assert.deepEqual(comparable(release(defaults, 'penstock')), comparable(expected({})));
  });

  it('follows its values', () => {
    const values = {
      ...defaults,
      replicas: 3,
      image: { repository: 'registry.example:5000/penstock', tag: '7' },
      engine: 'tekton',
      crds: { penstock: true, tekton: false, pipelinesAsCode: false },
      serviceMonitor: true,
      newRepositories: true,
      ingress: { host: 'ci.example.com', className: 'nginx', tlsSecret: 'ci-tls', annotations: { a: 'b' } },
      hooksFrom: [{ ipBlock: { cidr: '192.0.2.0/24' } }],
    };
    const options = {
      namespace: 'ci',
      replicas: 3,
      image: 'registry.example:5000/penstock:7',
      engine: 'tekton',
      pipelinesAsCodeCrds: false,
      monitoring: true,
      newRepositories: true,
      ingress: { host: 'ci.example.com', className: 'nginx', tlsSecret: 'ci-tls', annotations: { a: 'b' } },
      hooksFrom: [{ ipBlock: { cidr: '192.0.2.0/24' } }],
    } as const;
    assert.deepEqual(comparable(release(values, 'ci')), comparable(expected(options)));
  });

  it('makes an Ingress of a host alone', () => {
    const ingress = { ...(defaults['ingress'] as JsonObject), host: 'ci.example.com' };
    const objects = release({ ...defaults, ingress }, 'penstock');
    const wanted = comparable(expected({ ingress: { host: 'ci.example.com' } }));
    assert.deepEqual(comparable(objects), wanted);
    const made = objects.find(({ kind }) => kind === 'Ingress');
    assert.deepEqual((made?.['metadata'] as JsonObject)['annotations'], ingressAnnotations);
  });

  it('keeps logs in a bucket or in a claim, and takes webhooks over TLS, where that is said', () => {
    const bucket = 's3://logs/ci?region=eu-west-1';
    for (const [chosen, options] of [
      [{ logs: { bucket, claim: '' } }, { logs: bucket }],
      [
        { logs: { bucket: '', claim: 'ci-logs' }, hooksTlsSecret: 'hooks' },
        { logsClaim: 'ci-logs', hooksTlsSecret: 'hooks' },
      ],
      [
        { hooksTlsSecret: 'hooks', engine: 'tekton', crds: noTekton },
        { hooksTlsSecret: 'hooks', engine: 'tekton' },
      ],
    ] as const) {
      const ingress = { ...(defaults['ingress'] as JsonObject), host: 'ci.example.com' };
      const objects = release({ ...defaults, ingress, ...chosen }, 'ci');
      const wanted = expected({ namespace: 'ci', ingress: { host: 'ci.example.com' }, ...options });
      assert.deepEqual(comparable(objects), comparable(wanted));
    }
    const schema = JSON.parse(read('values.schema.json')) as JsonObject;
    assert.deepEqual(
      complaints(schema, { ...defaults, logs: { bucket, claim: '' }, hooksTlsSecret: 'x' }, 'values'),
      [],
    );
    assert.deepEqual(complaints(schema, { ...defaults, logs: { bucket: 'no bucket', claim: 'A' } }, 'values'), [
      'values.logs: none of what it may be',
      'values.logs.bucket: not as it is written',
      'values.logs.claim: not as it is written',
    ]);
  });

  it('puts placement and resources into the pod', () => {
    const placement = {
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'ci', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      imagePullSecrets: [{ name: 'pull' }],
    };
    const resources = { limits: { memory: '2Gi' } };
    const objects = release({ ...defaults, ...placement, resources }, 'penstock');
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as unknown as {
      spec: { template: { spec: JsonObject & { containers: readonly JsonObject[] } } };
    };
    const { spec } = deployment.spec.template;
    for (const [name, value] of Object.entries(placement)) assert.deepEqual(spec[name], value);
    assert.deepEqual(spec.containers[0]?.['resources'], resources);
  });

  it('keeps definitions, and with them all runs, when the release is removed', () => {
    const crds = release(defaults, 'penstock').filter(({ kind }) => kind === 'CustomResourceDefinition');
    const names = crds.map(({ metadata }) => (isJsonObject(metadata) ? String(metadata['name']) : ''));
    const kinds = [...penstockKinds, ...tektonKinds, repositoryKind].map(
      ({ type }) => `${type.resource}.${type.group}`,
    );
    assert.deepEqual(names.toSorted(), kinds.toSorted());
    for (const { metadata } of crds) {
      assert.ok(isJsonObject(metadata));
      assert.deepEqual(metadata['annotations'], { 'helm.sh/resource-policy': 'keep' });
    }
  });

  it('has the version of the program, and values that its schema accepts', () => {
    const { version: chartVersion, appVersion } = yamlOf('Chart.yaml');
    assert.deepEqual([chartVersion, appVersion], [version, version]);
    assert.equal((defaults['image'] as JsonObject)['tag'], version);
    const schema = JSON.parse(read('values.schema.json')) as JsonObject;
    assert.deepEqual(complaints(schema, defaults, 'values'), []);
    const wrong = { ...defaults, replicas: 0, engine: 'jenkins', extra: 1, image: { repository: 'x' } };
    assert.deepEqual(complaints(schema, wrong, 'values'), [
      'values.replicas: less than 1',
      'values.image.tag: missing',
      'values.engine: not one of penstock, tekton',
      'values.extra: unknown',
    ]);
  });
});

/** What a JSON schema has against a value, for the words that the chart's schema uses. */
function complaints(schema: JsonObject, value: Json, place: string): readonly string[] {
  const {
    type,
    minimum,
    maximum,
    enum: choices,
    required = [],
    properties = {},
    items,
    pattern,
    maxLength,
    anyOf = [],
  } = schema as {
    type?: string;
    minimum?: number;
    maximum?: number;
    enum?: readonly Json[];
    required?: readonly string[];
    properties?: Readonly<Record<string, JsonObject>>;
    items?: JsonObject;
    pattern?: string;
    maxLength?: number;
    anyOf?: readonly JsonObject[];
  };
  const found: string[] = [];
  const actual = isJsonList(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
  if (type !== undefined && type !== actual) found.push(`${place}: ${actual} instead of ${type}`);
  if (typeof value === 'number' && minimum !== undefined && value < minimum)
    found.push(`${place}: less than ${minimum}`);
  if (typeof value === 'number' && maximum !== undefined && value > maximum)
    found.push(`${place}: more than ${maximum}`);
  if (choices && !choices.includes(value)) found.push(`${place}: not one of ${choices.join(', ')}`);
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern).test(value))
    found.push(`${place}: not as it is written`);
  if (typeof value === 'string' && maxLength !== undefined && value.length > maxLength)
    found.push(`${place}: too long`);
  if (anyOf.length > 0 && anyOf.every((one) => complaints(one, value, place).length > 0))
    found.push(`${place}: none of what it may be`);
  if (isJsonList(value) && items)
    value.forEach((item, index) => found.push(...complaints(items, item, `${place}[${index}]`)));
  if (!isJsonObject(value)) return found;
  for (const name of required) if (value[name] === undefined) found.push(`${place}.${name}: missing`);
  for (const [name, member] of Object.entries(value)) {
    const of = properties[name] ?? schema['additionalProperties'];
    if (of === false) found.push(`${place}.${name}: unknown`);
    else if (isJsonObject(of)) found.push(...complaints(of, member ?? null, `${place}.${name}`));
  }
  return found;
}
