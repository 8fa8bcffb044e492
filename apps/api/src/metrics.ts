import { Counter, harvestedFiles, Histogram } from '@runnel/service';
import type { Registry } from '@runnel/service';

export type ApiMetrics = ReturnType<typeof apiMetrics>;

export function apiMetrics(registry: Registry) {
  return {
    requests: new Histogram({
      name: 'runnel_http_request_seconds',
      help: 'Time to answer, by route',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers: [registry],
    }),
    accepted: new Counter({ name: 'runnel_runs_accepted_total', help: 'Runs accepted', registers: [registry] }),
    refused: new Counter({
      name: 'runnel_requests_denied_total',
      help: 'Requests denied by authentication or policy',
      labelNames: ['reason'] as const,
      registers: [registry],
    }),
    limited: new Counter({
      name: 'runnel_requests_limited_total',
      help: 'Requests refused because their caller sent too many',
      labelNames: ['limit'] as const,
      registers: [registry],
    }),
    deployments: new Counter({
      name: 'runnel_deployments_total',
      help: 'Documents deployed or refused',
      labelNames: ['outcome'] as const,
      registers: [registry],
    }),
    harvested: harvestedFiles(registry),
    events: new Counter({
      name: 'runnel_events_total',
      help: 'Events from outside: accepted, known (a second copy), refused',
      labelNames: ['outcome'] as const,
      registers: [registry],
    }),
    firings: new Counter({
      name: 'runnel_trigger_firings_total',
      help: 'Runs that triggers were to start: started, refused, again (stores were away)',
      labelNames: ['outcome'] as const,
      registers: [registry],
    }),
    firingSeconds: new Histogram({
      name: 'runnel_trigger_firing_seconds',
      help: 'Time from an event, or a due time, to its accepted run',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
      registers: [registry],
    }),
  };
}
