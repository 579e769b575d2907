import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { ApiRequest, HttpMethod, Transport } from '../kube/transport.ts';
import { createPrometheusMetrics } from '../telemetry/prometheus-metrics.ts';
import { callMetrics } from './call-metrics.ts';
import { apiCallOf, observeCalls } from './observed-calls.ts';

const asked = (method: HttpMethod, path: string, query: Readonly<Record<string, string>> = {}): ApiRequest => ({
  method,
  path,
  query,
  headers: {},
});

describe('apiCallOf', () => {
  it('knows what is asked', () => {
    const runs = '/apis/tekton.dev/v1/namespaces/ns/taskruns';
    const shown = [
      asked('GET', '/api/v1/pods'),
      asked('GET', '/api/v1/pods', { watch: 'true' }),
      asked('POST', '/api/v1/namespaces/ns/pods'),
      asked('GET', '/api/v1/namespaces/ns/pods/p/log'),
      asked('PUT', `${runs}/r/status`),
      asked('PATCH', `${runs}/r`),
      asked('DELETE', runs),
      asked('DELETE', `${runs}/r`),
      asked('GET', '/api/v1/namespaces/ns'),
      asked('GET', '/api/v1/namespaces'),
      asked('GET', '/openapi/v2'),
      asked('GET', '/apis/tekton.dev/v1'),
    ].map((request) => {
      const { verb, resource, namespace = '-', name = '-' } = apiCallOf(request);
      return `${verb} ${resource} ${namespace} ${name}`;
    });
    assert.deepEqual(shown, [
      'list pods - -',
      'watch pods - -',
      'create pods ns -',
      'get pods/log ns p',
      'update taskruns/status ns r',
      'patch taskruns ns r',
      'deletecollection taskruns ns -',
      'delete taskruns ns r',
      'get namespaces - ns',
      'list namespaces - -',
      'get other - -',
      'get other - -',
    ]);
  });
});

describe('callMetrics', () => {
  it('counts answers and the lack of them, and measures', async () => {
    const clock = new VirtualClock();
    const metrics = createPrometheusMetrics();
    const transport: Transport = async ({ method }) => {
      await clock.advance(method === 'GET' ? 20 : 3000);
      if (method === 'POST') throw new Error('lost');
      return { status: 404, headers: {}, body: { kind: 'json', value: {} } };
    };
    const observed = observeCalls(transport, callMetrics(metrics, clock));
    await observed(asked('GET', '/api/v1/namespaces/ns/pods/p'));
    await assert.rejects(observed(asked('POST', '/api/v1/namespaces/ns/pods')), /lost/);
    const text = await metrics.text();
    assert.match(text, /penstock_api_calls_total\{verb="get",resource="pods",code="404"\} 1/);
    assert.match(text, /penstock_api_calls_total\{verb="create",resource="pods",code="error"\} 1/);
    assert.match(text, /penstock_api_call_seconds_sum\{verb="get",resource="pods"\} 0\.02\n/);
    assert.match(text, /penstock_api_call_seconds_bucket\{le="5",verb="create",resource="pods"\} 1/);
  });
});
