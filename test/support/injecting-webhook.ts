/** A mutating webhook that puts containers of its own before those of pods, as service meshes do. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ResourceType } from '../../src/kube/resource.ts';
import { createCertificate } from '../../src/server/certificate.ts';

/** Pods with this label, whatever its value, get the containers. */
export const injectLabel = 'test.penstock.dev/inject';
/** What is put before the containers, and before the init containers. */
export const injectedNames = { container: 'a-proxy', initContainer: 'a-setup' } as const;

const webhooks: ResourceType<KubeObject> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource: 'mutatingwebhookconfigurations',
  kind: 'MutatingWebhookConfiguration',
  namespaced: false,
};

/** Starts and registers one. */
export async function startInjectingWebhook(client: ApiClient): Promise<AsyncDisposable> {
  const { key, certificate } = createCertificate({
    hosts: ['127.0.0.1'],
    nowMs: systemClock.now(),
    serial: randomBytes(16),
  });
  const server = createServer({ key, cert: certificate }, (request, response) => {
    text(request)
      .then((body) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(reviewed(JSON.parse(body) as JsonObject)));
      })
      .catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await client.create(webhooks, configuration(`https://127.0.0.1:${port}/`, certificate));
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function configuration(url: string, certificate: string): KubeObject {
  const webhook = {
    name: 'inject.test.penstock.dev',
    clientConfig: { url, caBundle: Buffer.from(certificate).toString('base64') },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    objectSelector: { matchExpressions: [{ key: injectLabel, operator: 'Exists' }] },
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
  };
  const { group, version, kind } = webhooks;
  const metadata = { name: 'inject.test.penstock.dev' };
  return { apiVersion: `${group}/${version}`, kind, metadata, webhooks: [webhook] } as KubeObject;
}

function reviewed(review: JsonObject): JsonObject {
  const { uid, object } = review['request'] as { readonly uid: string; readonly object: { readonly spec: JsonObject } };
  const { container, initContainer } = injectedNames;
  const existing =
    object.spec['initContainers'] === undefined ? [{ op: 'add', path: '/spec/initContainers', value: [] }] : [];
  const patch = [
    { op: 'add', path: '/spec/containers/0', value: { name: container, image: 'proxy' } },
    ...existing,
    { op: 'add', path: '/spec/initContainers/0', value: { name: initContainer, image: 'proxy' } },
  ];
  const response = {
    uid,
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}
