/** Import this file lazily: OpenTelemetry takes a while to load. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  RandomIdGenerator,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { errorText } from '../base/errors.ts';
import type { Logger } from './logger.ts';
import type { Span, SpanAttributes, SpanContext, SpanEnd, Tracer } from './tracing.ts';

/** A collector has so long to take spans; the end of the program waits no longer for it. */
const sendMsMax = 2_000;

/** What {@link createOtelTracer} needs. */
export interface OtelTracerOptions {
  readonly serviceName: string;
  /** Where spans go: a collector that speaks OTLP over HTTP (JSON), `http://host:4318`; or whoever takes them. */
  readonly sink: string | SpanExporter;
  /** Which part of all traces is kept, 0 to 1. Default all. */
  readonly ratio?: number;
  readonly logger: Logger;
}

/** A {@link Tracer} whose spans leave the process in the background. */
export interface OtelTracer extends Tracer {
  /** Sends what is left and ends. A collector that does not answer is given up, and never an error of ours. */
  close(): Promise<void>;
}

/** A tracer of OpenTelemetry. Spans are sent every few seconds; when a collector cannot keep up, spans are dropped. */
export function createOtelTracer(options: OtelTracerOptions): OtelTracer {
  const { serviceName, sink, ratio = 1, logger } = options;
  const exporter =
    typeof sink === 'string' ? new OTLPTraceExporter({ url: tracesUrl(sink), timeoutMillis: sendMsMax }) : sink;
  const ids = new ChosenIds();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('penstock');
  const current = new AsyncLocalStorage<SpanContext>();
  return {
    start({ name, attributes = {}, startMs, parent = current.getStore(), context }) {
      const above = parentContext(parent);
      const begin = startMs === undefined ? {} : { startTime: startMs };
      return ids.choose(context, () =>
        adapted(tracer.startSpan(name, { attributes: { ...attributes }, ...begin }, above)),
      );
    },
    within: (span, work) => current.run(span.context, work),
    async close() {
      try {
        await provider.shutdown();
      } catch (thrown) {
        logger.warn('the last spans could not be sent', { error: errorText(thrown) });
      }
    },
  };
}

function tracesUrl(endpoint: string): string {
  return endpoint.endsWith('/v1/traces') ? endpoint : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}

function parentContext(parent: SpanContext | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: TraceFlags.SAMPLED, isRemote: false });
}

function adapted(span: ReturnType<ReturnType<TracerProvider['getTracer']>['startSpan']>): Span {
  const { traceId, spanId } = span.spanContext();
  return {
    context: { traceId, spanId },
    end({ endMs, attributes, error }: SpanEnd = {}) {
      if (attributes) span.setAttributes(defined(attributes));
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end(endMs);
    },
  };
}

function defined(attributes: SpanAttributes): Record<string, string | number | boolean> {
  const shown: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) shown[name] = value;
  return shown;
}

/** Draws ids, except while a span is started whose ids are given. */
class ChosenIds implements IdGenerator {
  readonly #drawn = new RandomIdGenerator();
  #chosen: SpanContext | undefined;

  generateTraceId(): string {
    return this.#chosen?.traceId ?? this.#drawn.generateTraceId();
  }

  generateSpanId(): string {
    return this.#chosen?.spanId ?? this.#drawn.generateSpanId();
  }

  choose<T>(ids: SpanContext | undefined, start: () => T): T {
    this.#chosen = ids;
    try {
      return start();
    } finally {
      this.#chosen = undefined;
    }
  }
}
