import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { callSpans } from '../../src/client/call-spans.ts';
import { createClient } from '../../src/client/client.ts';
import { allObservers, observeCalls } from '../../src/client/observed-calls.ts';
import { tracedReconciler } from '../../src/controller/traced-reconciler.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { MemoryApi } from '../../src/engine/memory-api.ts';
import { MemoryHost } from '../../src/engine/memory-host.ts';
import { MemoryKubelet } from '../../src/engine/memory-kubelet.ts';
import { contextOf } from '../../src/engine/run-traces.ts';
import { pods } from '../../src/kube/core-types.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { pipelineRuns } from '../../src/tekton/types.ts';
import { MemoryLogger } from '../../src/telemetry/memory-logger.ts';
import { createOtelTracer } from '../../src/telemetry/otel-tracer.ts';
import { fromTraceparent } from '../../src/telemetry/tracing.ts';

/** Keeps spans beyond the end of their tracer. */
class KeptSpans extends InMemorySpanExporter {
  readonly kept: ReadableSpan[] = [];

  override export(...[spans, done]: Parameters<InMemorySpanExporter['export']>): void {
    this.kept.push(...spans);
    super.export(spans, done);
  }
}

const newTracer = (sink: KeptSpans | string, logger = new MemoryLogger()) =>
  createOtelTracer({ serviceName: 'test', sink, logger });

/** A run of one task and one step, carried out; answers its spans. */
async function spansOfRun(
  annotations: Readonly<Record<string, string>>,
  exitCode = 0,
): Promise<readonly ReadableSpan[]> {
  const sink = new KeptSpans();
  const tracer = newTracer(sink);
  const api = new MemoryApi();
  const clock = new VirtualClock({ startMs: Date.UTC(2026, 10, 21, 8) });
  api.now = () => clock.now();
  const kubelet = new MemoryKubelet(api);
  kubelet.ends = () => exitCode;
  const host = new MemoryHost(api, clock);
  const logger = new MemoryLogger();
  createEngine({ client: api.client, clock, random: seededRandom(1), logger, tracer }).register(host);
  const uid = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const metadata = { namespace: 'ns', name: 'run', uid, creationTimestamp: '2026-11-21T08:00:00Z', annotations };
  const taskSpec = { steps: [{ name: 'work', image: 'x', script: 'true' }] };
  const spec = { pipelineSpec: { tasks: [{ name: 'build', taskSpec }] } };
  api.put(pipelineRuns, { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata, spec });
  await clock.advance(1000);
  const [pod] = api.all(pods);
  assert.ok(pod);
  kubelet.step(pod);
  await clock.advance(5000);
  kubelet.run(pod);
  await clock.advance(5000);
  await tracer.close();
  return sink.kept;
}

const shape = (spans: readonly ReadableSpan[]): readonly string[] =>
  spans.map((span) => {
    const parent = spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
    return `${parent?.name ?? '-'} > ${span.name}: ${span.status.message ?? 'fine'}, ${span.duration[0]} s`;
  });

describe('traces of runs', () => {
  it('are made from the times in statuses, in the trace that the uid names', async () => {
    const spans = await spansOfRun({});
    assert.deepEqual(shape(spans).toSorted(), [
      '- > PipelineRun: fine, 6 s',
      'PipelineRun > TaskRun build: fine, 6 s',
      'TaskRun build > step work: fine, 5 s',
    ]);
    assert.ok(spans.every((span) => span.spanContext().traceId === '0f8fad5bd9cb469fa16570867728950e'));
    const again = await spansOfRun({});
    const run = (all: readonly ReadableSpan[]) => all.find(({ name }) => name.startsWith('Pipeline'))?.spanContext();
    assert.deepEqual(run(again), run(spans), 'told twice it is the same span');
  });

  it('continue the trace that an annotation names', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const spans = await spansOfRun({ 'tekton.dev/pipelinerunSpanContext': JSON.stringify({ traceparent }) }, 3);
    assert.ok(spans.every((span) => span.spanContext().traceId === '4bf92f3577b34da6a3ce929d0e0e4736'));
    const run = spans.find(({ name }) => name.startsWith('PipelineRun'));
    assert.equal(run?.parentSpanContext?.spanId, '00f067aa0ba902b7');
    assert.equal(spans.find(({ name }) => name === 'step work')?.status.message, 'exit code 3');
    const other = await spansOfRun({ 'tekton.dev/pipelinerunSpanContext': 'no JSON' });
    assert.ok(other.every((span) => span.spanContext().traceId === '0f8fad5bd9cb469fa16570867728950e'));
  });

  it('know a traceparent', () => {
    assert.equal(fromTraceparent('00-00000000000000000000000000000000-00f067aa0ba902b7-01'), undefined);
    assert.equal(fromTraceparent('hello'), undefined);
    assert.match(contextOf('no uuid', undefined).traceId, /^[\da-f]{32}$/);
  });
});

describe('spans of reconciles', () => {
  it('are above those of their calls, also after awaits, and tell of failures', async () => {
    const sink = new KeptSpans();
    const tracer = newTracer(sink);
    const answers = [200, 503];
    const transport: Transport = async () => {
      await Promise.resolve();
      const body = { kind: 'json', value: { metadata: {}, message: 'overloaded' } } as const;
      return { status: answers.shift() ?? 200, headers: {}, body };
    };
    const client = createClient(observeCalls(transport, allObservers(undefined, callSpans(tracer))));
    const key = { namespace: 'ns', name: 'p' };
    const read = async () => {
      await client.get(pods, key);
      await client.get(pods, key);
      return {};
    };
    const traced = tracedReconciler('test', { reconcile: read }, tracer);
    await assert.rejects(traced.reconcile(key, new AbortController().signal), /overloaded/);
    await client.get(pods, key);
    await tracer.close();
    assert.deepEqual(
      shape(sink.kept).map((line) => line.replace(/, \d+ s$/, '')),
      [
        'reconcile test > get pods: fine',
        'reconcile test > get pods: 503',
        '- > reconcile test: overloaded',
        '- > get pods: fine',
      ],
    );
  });

  it('cost nothing where nobody traces', () => {
    const transport: Transport = () => Promise.reject(new Error('not called'));
    assert.equal(observeCalls(transport, allObservers(undefined, undefined)), transport);
  });
});

describe('the tracer', () => {
  it('sends spans to a collector over HTTP', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        bodies.push(`${request.url ?? ''} ${body}`);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const tracer = newTracer(`http://127.0.0.1:${port}/`);
    tracer.start({ name: 'one', attributes: { left: undefined, count: 2 } }).end({ error: 'broken' });
    await tracer.close();
    server.close();
    assert.equal(bodies.length, 1);
    assert.match(bodies[0] ?? '', /^\/v1\/traces \{"resourceSpans":.*"service\.name".*"name":"one".*"broken"/);
  });

  it('does not mind a collector that is not there', async () => {
    const tracer = newTracer('http://127.0.0.1:1');
    tracer.start({ name: 'one' }).end();
    await tracer.close();
  });
});
