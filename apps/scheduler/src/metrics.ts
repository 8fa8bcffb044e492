import { Counter, Gauge, Histogram } from '@runnel/service';
import type { Registry } from '@runnel/service';

/** What the scheduler tells of itself. */
export interface SchedulerMetrics {
  batchSize: Histogram;
  decideSeconds: Histogram;
  commitSeconds: Histogram;
  admissionSeconds: Histogram;
  conflicts: Counter;
  /** Says how the number of owned partitions is found. */
  partitions(count: () => number): void;
  grants: Counter;
  evaluations: Counter<'outcome'>;
  reconciled: Counter<'action'>;
  lostSteps: Counter;
}

const seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5];

export function schedulerMetrics(registry: Registry): SchedulerMetrics {
  const registers = [registry];
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
  return {
    batchSize: new Histogram({
      name: 'runnel_scheduler_batch_size',
      help: 'news per batch',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      registers,
    }),
    decideSeconds: new Histogram({
      name: 'runnel_scheduler_decide_seconds',
      help: 'deciding of one batch, without I/O',
      buckets: seconds,
      registers,
    }),
    commitSeconds: new Histogram({ name: 'runnel_scheduler_commit_seconds', help: 'writing of one batch', buckets: seconds, registers }),
    admissionSeconds: new Histogram({
      name: 'runnel_scheduler_admission_seconds',
      help: 'one round of admission',
      buckets: seconds,
      registers,
    }),
    conflicts: counter('runnel_scheduler_version_conflicts_total', 'batches decided again because somebody else appended first'),
    partitions: (count) =>
      void new Gauge({
        name: 'runnel_scheduler_partitions_owned',
        help: 'partitions this scheduler owns',
        registers,
        collect() {
          this.set(count());
        },
      }),
    grants: counter('runnel_scheduler_grants_total', 'elements granted to executors'),
    evaluations: new Counter({
      name: 'runnel_scheduler_evaluations_total',
      help: 'workflow-level expressions evaluated',
      labelNames: ['outcome'],
      registers,
    }),
    reconciled: new Counter({
      name: 'runnel_scheduler_reconciled_total',
      help: 'states without news that were taken up again',
      labelNames: ['action'],
      registers,
    }),
    lostSteps: counter('runnel_scheduler_lost_steps_total', 'attempts whose executor was lost'),
  };
}
