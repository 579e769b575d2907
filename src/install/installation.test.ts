import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../base/errors.ts';
import { jsonEqual, type JsonObject } from '../base/json.ts';
import { penstockKinds } from '../schema/penstock/penstock-kinds.ts';
import { installParts } from './installation.ts';
import { type InstallOptions, defaultInstallOptions } from './install-options.ts';

const defaults = defaultInstallOptions('1.2.3');
/** An annotation holds so many bytes: `kubectl apply` keeps the whole object in one. */
const lastAppliedBytesMax = 256 * 1024;

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Record<string, string> };
  // Tests reach into it freely.
  readonly spec: Record<string, JsonObject> & JsonObject;
  readonly webhooks: readonly JsonObject[];
}

function manifests(options: Partial<InstallOptions> = {}): readonly Manifest[] {
  return installParts({ ...defaults, ...options }).flatMap(({ objects }) => objects as unknown as readonly Manifest[]);
}

function one(kind: string, options: Partial<InstallOptions> = {}, name?: string): Manifest {
  const found = manifests(options).filter(
    (object) => object.kind === kind && (name ?? object.metadata.name) === object.metadata.name,
  );
  assert.equal(found.length, 1, `${kind} ${name ?? ''}`);
  return found[0] as Manifest;
}

interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: {
    readonly containers: readonly {
      readonly image: string;
      readonly args: readonly string[];
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
      readonly securityContext: JsonObject;
      readonly resources: JsonObject;
    }[];
    readonly securityContext: JsonObject;
  };
}

function template(options: Partial<InstallOptions> = {}): PodTemplate {
  return one('Deployment', options).spec['template'] as unknown as PodTemplate;
}

describe('installParts', () => {
  it('labels everything as part of Penstock and gives it one name', () => {
    const all = manifests({ monitoring: true });
    assert.ok(all.every(({ metadata }) => metadata.labels['app.kubernetes.io/part-of'] === 'penstock'));
    const identities = all.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`);
    assert.equal(new Set(identities).size, identities.length);
    assert.ok(identities.length > 20);
  });

  it('follows the options', () => {
    const all = manifests({ namespace: 'ci', image: 'registry:5000/penstock@sha256:aa', replicas: 3 });
    assert.ok(!JSON.stringify(all).includes('"namespace":"penstock"'));
    assert.ok(!JSON.stringify(all).includes('"values":["penstock"]'));
    const deployment = one('Deployment', { replicas: 3 });
    assert.equal(deployment.spec['replicas'], 3);
    assert.equal(template({ image: 'x:1' }).spec.containers[0]?.image, 'x:1');
    assert.equal(template().spec.containers[0]?.image, 'penstock:1.2.3');
  });

  it('leaves out what others have installed', () => {
    const crds = (options: Partial<InstallOptions>): readonly string[] =>
      manifests(options).flatMap(({ kind, metadata }) => (kind === 'CustomResourceDefinition' ? [metadata.name] : []));
    const ours = penstockKinds.map(({ type }) => `${type.resource}.${type.group}`);
    assert.ok(ours.includes('gates.penstock.dev') && ours.includes('commitstatuses.penstock.dev'));
    assert.equal(crds({}).length, ours.length + 5);
    assert.deepEqual(crds({ tektonCrds: false }), [...ours, 'repositories.pipelinesascode.tekton.dev']);
    assert.deepEqual(crds({ engine: 'tekton', pipelinesAsCodeCrds: false }), ours);
    assert.ok(!manifests().some(({ kind }) => kind === 'ServiceMonitor'));
  });

  it('leads Git hosts to every replica, and with an Ingress from outside', () => {
    assert.ok(!manifests().some(({ kind }) => kind === 'Ingress'));
    const service = one('Service', {}, 'penstock-hooks').spec['ports'] as unknown as readonly { port: number }[];
    const { metadata, spec } = one('Ingress', { ingress: { host: 'ci.example.com', tlsSecret: 'tls' } });
    assert.deepEqual([metadata.name, metadata.namespace], ['penstock-hooks', 'penstock']);
    assert.deepEqual(spec['tls'], [{ hosts: ['ci.example.com'], secretName: 'tls' }]);
    assert.equal(spec['ingressClassName'], undefined);
    const [rule] = spec['rules'] as unknown as readonly {
      http: { paths: readonly { path: string; backend: { service: { name: string; port: { number: number } } } }[] };
    }[];
    assert.deepEqual(
      rule?.http.paths.map(({ path }) => path),
      ['/hooks', '/incoming', '/details'],
    );
    for (const { backend } of rule.http.paths) {
      assert.deepEqual(backend.service, { name: 'penstock-hooks', port: { number: service[0]?.port } });
    }
    const args = template().spec.containers[0]?.args ?? [];
    assert.ok(args.includes('--hooks-host='), 'not this machine alone');
  });

  it('lets names be looked up, also where DNS listens at another port behind its Service', () => {
    const [names] = one('NetworkPolicy').spec['egress'] as unknown as readonly { ports: readonly JsonObject[] }[];
    const ports = (names?.ports ?? []).map(({ protocol, port }) => `${String(protocol)} ${String(port)}`);
    assert.deepEqual(ports.toSorted(), ['TCP 53', 'TCP 5353', 'UDP 53', 'UDP 5353']);
  });

  it('lets webhooks in from anybody, or from those that are named', () => {
    const hooksRule = (options: Partial<InstallOptions>): JsonObject | undefined => {
      const rules = one('NetworkPolicy', options).spec['ingress'] as unknown as readonly JsonObject[];
      return rules.find(({ ports }) => JSON.stringify(ports).includes('8080'));
    };
    assert.ok(hooksRule({}));
    assert.deepEqual(hooksRule({})?.['from'], undefined);
    const from = [{ ipBlock: { cidr: '192.0.2.0/24' } }];
    assert.deepEqual(hooksRule({ hooksFrom: from })?.['from'], from);
  });

  it('keeps logs only where a bucket or a claim is named, and lets people read them through the API server then', () => {
    assert.ok(template({ logs: 's3://bucket/ci' }).spec.containers[0]?.args.includes('--logs=s3://bucket/ci'));
    assert.equal(JSON.stringify(template()).includes('envFrom'), false);
    const claimed = JSON.stringify(template({ logsClaim: 'ci-logs' }));
    assert.match(claimed, /"--logs=\/var\/lib\/penstock\/logs"/);
    assert.match(claimed, /"persistentVolumeClaim":\{"claimName":"ci-logs"\}/);
    assert.match(claimed, /"name":"logs","mountPath":"\/var\/lib\/penstock\/logs"/);
    assert.ok(!manifests().some(({ kind }) => kind === 'APIService'));
    const { metadata, spec } = one('APIService', { logsClaim: 'ci-logs', namespace: 'ci' });
    assert.equal(metadata.name, `${String(spec['version'])}.${String(spec['group'])}`);
    const services = manifests({ namespace: 'ci' }).filter(({ kind }) => kind === 'Service');
    const { name, namespace, port } = spec['service'] as JsonObject;
    const ports = services.find((one_) => one_.metadata.name === name && one_.metadata.namespace === namespace)?.spec[
      'ports'
    ];
    assert.equal((ports as unknown as readonly JsonObject[])[0]?.['port'], port);
  });

  it('takes webhooks over TLS where a certificate is named', () => {
    const options = { hooksTlsSecret: 'hooks', ingress: { host: 'ci.example.com' } };
    assert.ok(template(options).spec.containers[0]?.args.includes('--hooks-tls=/etc/penstock/hooks-tls'));
    assert.match(JSON.stringify(template(options)), /"secret":\{"secretName":"hooks"\}/);
    const [port] = one('Service', options, 'penstock-hooks').spec['ports'] as unknown as readonly JsonObject[];
    assert.deepEqual([port?.['name'], port?.['port'], port?.['targetPort']], ['https', 443, 'hooks']);
    const ingress = one('Ingress', options) as unknown as { metadata: { annotations: JsonObject }; spec: JsonObject };
    assert.equal(ingress.metadata.annotations['nginx.ingress.kubernetes.io/backend-protocol'], 'HTTPS');
    assert.match(JSON.stringify(ingress.spec), /"number":443/);
  });

  it('refuses options that no cluster would take', () => {
    for (const wrong of [
      { logs: '/var/logs' },
      { logs: 's3://bucket', logsClaim: 'ci-logs' },
      { logsClaim: 'A b' },
      { hooksTlsSecret: '/etc/tls' },
      { namespace: 'Not_A_Name' },
      { namespace: '' },
      { image: 'a b' },
      { replicas: 0 },
      { ingress: { host: 'https://ci.example.com' } },
      { ingress: { host: 'ci' } },
      { ingress: { host: 'ci.example.com', tlsSecret: 'A b' } },
      { replicas: 1.5 },
    ]) {
      assert.throws(
        () => manifests(wrong),
        (thrown) => thrown instanceof UserError && thrown.code === 'INSTALL_OPTION',
      );
    }
  });

  it('runs with the least a process can have', () => {
    const { spec } = template();
    assert.deepEqual(spec.containers[0]?.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.equal(spec.securityContext['runAsNonRoot'], true);
    assert.deepEqual(spec.securityContext['seccompProfile'], { type: 'RuntimeDefault' });
    assert.ok(spec.containers[0].resources['limits']);
  });

  it('selects its own pods everywhere, and ports that are there', () => {
    const { metadata, spec } = template();
    const selects = (selector: unknown): boolean =>
      Object.entries(selector as Record<string, string>).every(([key, value]) => metadata.labels[key] === value);
    const named = (spec.containers[0]?.ports ?? []).map(({ name }) => name);
    for (const service of manifests().filter(({ kind }) => kind === 'Service')) {
      assert.ok(selects(service.spec['selector']));
      for (const { targetPort } of service.spec['ports'] as unknown as readonly { targetPort: string }[]) {
        assert.ok(named.includes(targetPort), targetPort);
      }
    }
    for (const [kind, member] of [
      ['PodDisruptionBudget', 'selector'],
      ['NetworkPolicy', 'podSelector'],
      ['Deployment', 'selector'],
    ] as const) {
      assert.ok(selects(one(kind).spec[member]?.['matchLabels']), kind);
    }
    const args = spec.containers[0]?.args ?? [];
    for (const { name, containerPort } of spec.containers[0]?.ports ?? [])
      assert.ok(args.includes(`--${name}-port=${containerPort}`));
    const monitor = one('ServiceMonitor', { monitoring: true });
    const labels = one('Service', {}, 'penstock-metrics').metadata.labels;
    const wanted = monitor.spec['selector']?.['matchLabels'] as unknown as Record<string, string>;
    assert.ok(Object.entries(wanted).every(([key, value]) => labels[key] === value));
  });

  it('asks about runs fail closed, about definitions fail open, and never in its own namespace', () => {
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
      const { webhooks } = one(kind, { namespace: 'ci' });
      assert.deepEqual(
        webhooks.map(({ name, failurePolicy }) => [name, failurePolicy]),
        [
          ['runs.penstock.dev', 'Fail'],
          ['definitions.penstock.dev', 'Ignore'],
          ['gates.penstock.dev', 'Fail'],
          ...(kind === 'ValidatingWebhookConfiguration' ? [['repositories.penstock.dev', 'Ignore']] : []),
        ],
      );
      for (const { rules, namespaceSelector, clientConfig, sideEffects } of webhooks) {
        const [rule] = rules as readonly JsonObject[];
        const own = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['ci'] }] };
        assert.ok(rule?.['scope'] === 'Cluster' || jsonEqual(namespaceSelector, own));
        assert.ok(
          (rule?.['resources'] as readonly string[]).every((resource) => !resource.includes('/')),
          'no subresource',
        );
        assert.equal((clientConfig as JsonObject)['caBundle'], undefined);
        assert.equal(sideEffects, 'None');
      }
    }
    const held = one('MutatingWebhookConfiguration', { engine: 'tekton' }).webhooks;
    assert.deepEqual(
      held.map(({ rules }) => (rules as readonly JsonObject[])[0]?.['operations']),
      [['CREATE']],
    );
  });

  it('is small enough for kubectl apply, which keeps each object in an annotation of it', () => {
    for (const object of manifests()) {
      assert.ok(JSON.stringify(object).length < lastAppliedBytesMax, object.metadata.name);
    }
  });
});
