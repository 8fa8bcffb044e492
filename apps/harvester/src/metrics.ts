import { Counter, Histogram, type Registry } from '@runnel/service';

export type HarvesterMetrics = ReturnType<typeof harvesterMetrics>;

export function harvesterMetrics(registry: Registry) {
  const looks = new Counter({
    name: 'runnel_harvest_looks_total',
    help: 'Looks at watched branches and workspace files: unchanged, changed, failed',
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
  for (const outcome of ['unchanged', 'changed', 'failed'] as const) looks.inc({ outcome }, 0);
  return {
    looks,
    seconds: new Histogram({
      name: 'runnel_harvest_look_seconds',
      help: 'Time of one look, telling what changed included',
      buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 120],
      registers: [registry],
    }),
    retold: new Counter({
      name: 'runnel_harvest_retold_total',
      help: 'Messages of changes that nobody had handled in time, told again',
      registers: [registry],
    }),
    changes: new Counter({ name: 'runnel_harvest_changes_total', help: 'Changed files that were told', registers: [registry] }),
  };
}
