/** Names a span anywhere: what W3C calls `traceparent`, in its parts. */
export interface SpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/** What a span says of itself; `undefined` is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** How a span begins. */
export interface SpanStart {
  readonly name: string;
  readonly attributes?: SpanAttributes;
  /** Epoch milliseconds; absent = now. */
  readonly startMs?: number;
  /** Absent = the span that is current where it starts, see {@link Tracer.within}. */
  readonly parent?: SpanContext;
  /** Absent = drawn. Given ids make the same span of the same thing, whoever tells of it. */
  readonly context?: SpanContext;
}

/** How a span ends. */
export interface SpanEnd {
  /** Epoch milliseconds; absent = now. */
  readonly endMs?: number;
  readonly attributes?: SpanAttributes;
  /** What went wrong; absent = nothing. */
  readonly error?: string;
}

/** Something that takes time, and is told of when it has ended. */
export interface Span {
  readonly context: SpanContext;
  end(how?: SpanEnd): void;
}

/** Makes spans. Whoever does not trace has none, and pays nothing. */
export interface Tracer {
  start(span: SpanStart): Span;
  /** Does `work`; the spans that it starts are children of `span`, also after its awaits. */
  within<T>(span: Span, work: () => T): T;
}

const traceparentPattern = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}$/;

/** The span that a `traceparent` names (W3C Trace Context); `undefined` when it names none. */
export function fromTraceparent(text: string): SpanContext | undefined {
  const [, traceId, spanId] = traceparentPattern.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId };
}
