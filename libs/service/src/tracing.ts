import { context, isSpanContextValid, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { Attributes, Context, SpanContext } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';

const pattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Trace id of a W3C traceparent, if it is one. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : pattern.exec(traceparent)?.[1];
}

/** The active span as a W3C traceparent for an outgoing message or request; undefined outside of any. */
export function currentTraceparent(): string | undefined {
  const span = trace.getSpanContext(context.active());
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/**
 * Runs `handle` in a consumer span that continues the message's trace; what it sends meanwhile is part of the trace. Without an exporter
 * (`startTracing`) this is a plain call.
 */
export async function inConsumerSpan<T>(
  name: string,
  traceparent: string | undefined,
  attributes: Attributes,
  handle: () => T | Promise<T>,
): Promise<T> {
  if (!tracing) return handle();
  const parent = parentOf(traceparent);
  return trace.getTracer('runnel').startActiveSpan(name, { kind: SpanKind.CONSUMER, attributes }, parent, async (span) => {
    try {
      return await handle();
    } catch (error) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Asked for so often that they would hide everything else. */
const untraced = /^\/(metrics|health)\b/;

/**
 * Gives each request a span, in the caller's trace where it names one; what is sent while it is answered is part of it. Without an exporter this
 * does nothing.
 */
export function traceRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!tracing || untraced.test(request.url)) return done();
    const { traceparent } = request.headers;
    const parent = parentOf(typeof traceparent === 'string' ? traceparent : undefined);
    const route = request.routeOptions.url ?? 'unknown';
    const attributes = { 'http.request.method': request.method, 'http.route': route };
    const span = trace.getTracer('runnel').startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.statusCode);
      if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    context.with(trace.setSpan(parent, span), done);
  });
}

function parentOf(traceparent: string | undefined): Context {
  const remote = remoteSpan(traceparent);
  return remote ? trace.setSpanContext(context.active(), remote) : context.active();
}

function remoteSpan(traceparent: string | undefined): SpanContext | undefined {
  const match = traceparent === undefined ? null : pattern.exec(traceparent);
  if (!match) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = match;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
}

let tracing = false;

/**
 * Sends spans to `OTEL_EXPORTER_OTLP_ENDPOINT`, once per process; nothing is loaded where that is not set. Returns what flushes and ends it.
 */
export async function startTracing(service: string, env: Readonly<Record<string, string | undefined>>): Promise<() => Promise<void>> {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || tracing) return () => Promise.resolve();
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': env['OTEL_SERVICE_NAME'] ?? service }),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  tracing = true;
  return async () => {
    tracing = false;
    await provider.shutdown();
    trace.disable();
    context.disable();
  };
}
