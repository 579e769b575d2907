import { UserError } from '../base/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OtelTracer } from '../telemetry/otel-tracer.ts';
import type { ProcessEnvironment } from './environment.ts';

/** The name under which our spans are found, unless OTEL_SERVICE_NAME gives another. */
const serviceNameDefault = 'penstock';

/**
 * The tracer that the usual variables of OpenTelemetry ask for: OTEL_EXPORTER_OTLP_ENDPOINT (a collector over HTTP; without it
 * nothing is traced, and nothing is loaded), OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER_ARG (the part of traces that is kept).
 */
export async function processTracer({ tracing }: ProcessEnvironment, logger: Logger): Promise<OtelTracer | undefined> {
  if (tracing?.endpoint === undefined) return undefined;
  if (!/^https?:\/\//.test(tracing.endpoint) || !URL.canParse(tracing.endpoint)) {
    throw wrong(`OTEL_EXPORTER_OTLP_ENDPOINT=${tracing.endpoint} is no address`, 'write it as http://host:4318');
  }
  const { createOtelTracer } = await import('../telemetry/otel-tracer.ts');
  const serviceName = tracing.serviceName ?? serviceNameDefault;
  return createOtelTracer({ serviceName, sink: tracing.endpoint, logger, ...ratioOf(tracing.ratio) });
}

function ratioOf(text: string | undefined): { readonly ratio?: number } {
  if (text === undefined) return {};
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return { ratio };
  throw wrong(`OTEL_TRACES_SAMPLER_ARG=${text} is no part of a whole`, 'write a number from 0 to 1');
}

function wrong(message: string, remedy: string): UserError {
  return new UserError(message, { code: 'TRACING', remedy });
}
