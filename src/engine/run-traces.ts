import { fromRfc3339 } from '../base/clock.ts';
import { isJsonObject, type Json } from '../base/json.ts';
import { md5Hex } from '../base/md5.ts';
import type { CacheHost } from '../controller/contract.ts';
import { controllerOf } from '../kube/object.ts';
import { isDone, succeededCondition } from '../tekton/pipeline-run/children.ts';
import { type PipelineRun, pipelineRuns, type StepState, type TaskRun, taskRuns } from '../tekton/types.ts';
import { fromTraceparent, type SpanContext, type Tracer } from '../telemetry/tracing.ts';
import { outcomeOf } from './run-metrics.ts';

/** Annotations that carry the span above a run: JSON of W3C's carrier, `{"traceparent":"00-…"}`. */
const spanContextAnnotations = ['tekton.dev/taskrunSpanContext', 'tekton.dev/pipelinerunSpanContext'] as const;

/**
 * Makes spans of the runs, tasks and steps that end while `host` watches, from the times in their statuses. Their ids follow from
 * uids: a run is in the trace whose id is its uid (or in that of its annotation), and told twice it is the same span.
 */
export function registerRunTraces(host: CacheHost, tracer: Tracer): void {
  host.informer(pipelineRuns).addHandler({
    updated(previous, run) {
      if (!isDone(previous) && isDone(run)) tellRun(tracer, 'PipelineRun', run, contextAbove(run));
    },
  });
  host.informer(taskRuns).addHandler({
    updated(previous, run) {
      if (isDone(previous) || !isDone(run)) return;
      const context = tellRun(tracer, 'TaskRun', run, parentOf(run));
      for (const step of run.status?.steps ?? []) tellStep(tracer, run, step, context);
    },
  });
}

/** The span of an object, in the trace of `above` or in one of its own. */
export function contextOf(uid: string, above: SpanContext | undefined): SpanContext {
  const digits = uid.replaceAll('-', '').toLowerCase();
  const traceId = /^[\da-f]{32}$/.test(digits) ? digits : md5Hex(uid);
  return { traceId: above?.traceId ?? traceId, spanId: md5Hex(uid).slice(0, 16) };
}

function tellRun(
  tracer: Tracer,
  kind: string,
  run: PipelineRun | TaskRun,
  above: SpanContext | undefined,
): SpanContext {
  const { uid = '', name = '', namespace = '' } = run.metadata;
  const context = contextOf(uid, above);
  const { reason, message } = succeededCondition(run.status) ?? {};
  const outcome = outcomeOf(run);
  const attributes = { 'k8s.namespace.name': namespace, 'penstock.name': name, 'penstock.reason': reason };
  const [startMs, endMs] = [fromRfc3339(run.status?.startTime), fromRfc3339(run.status?.completionTime)];
  tracer
    .start({ name: [kind, ...labelOf(run)].join(' '), context, ...given({ parent: above, startMs, attributes }) })
    .end({
      ...given({ endMs }),
      attributes: { 'penstock.outcome': outcome },
      ...(outcome === 'succeeded' ? {} : { error: message ?? outcome }),
    });
  return context;
}

function tellStep(tracer: Tracer, run: TaskRun, { name, terminated }: StepState, parent: SpanContext): void {
  const startMs = fromRfc3339(terminated?.startedAt);
  // A step that never ran took no time.
  if (terminated === undefined || startMs === undefined) return;
  const context = { traceId: parent.traceId, spanId: md5Hex(`${run.metadata.uid ?? ''}/${name}`).slice(0, 16) };
  const { exitCode, reason, finishedAt } = terminated;
  const attributes = { 'penstock.step': name, 'penstock.exit_code': exitCode, 'penstock.reason': reason };
  tracer.start({ name: `step ${name}`, context, parent, startMs, attributes }).end({
    ...given({ endMs: fromRfc3339(finishedAt) }),
    ...(exitCode === 0 ? {} : { error: `exit code ${exitCode}` }),
  });
}

/** The PipelineRun that a TaskRun belongs to, else what its annotation names. */
function parentOf(run: TaskRun): SpanContext | undefined {
  const owner = controllerOf(run);
  const above = contextAbove(run);
  return owner?.kind === 'PipelineRun' ? contextOf(owner.uid, above) : above;
}

function contextAbove({ metadata, kind }: PipelineRun | TaskRun): SpanContext | undefined {
  const names = kind === 'PipelineRun' ? spanContextAnnotations.slice(1) : spanContextAnnotations;
  const text = names.map((name) => metadata.annotations?.[name]).find((value) => value !== undefined);
  const traceparent = text === undefined ? undefined : memberOf(text, 'traceparent');
  return traceparent === undefined ? undefined : fromTraceparent(traceparent);
}

function memberOf(text: string, member: string): string | undefined {
  try {
    const carrier = JSON.parse(text) as Json;
    const value = isJsonObject(carrier) ? carrier[member] : undefined;
    return typeof value === 'string' ? value : undefined;
  } catch {
    // Somebody's annotation that is no JSON names no span.
    return undefined;
  }
}

/** What is run. The name of the run is an attribute: names of spans are to be few. */
function labelOf({ metadata: { labels = {} } }: PipelineRun | TaskRun): readonly string[] {
  const label = labels['tekton.dev/pipelineTask'] ?? labels['tekton.dev/pipeline'] ?? labels['tekton.dev/task'];
  return label === undefined ? [] : [label];
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<T>;
}
