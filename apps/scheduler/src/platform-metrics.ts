import { durablePlans, streamNames } from '@runnel/messaging';
import type { Messaging } from '@runnel/messaging';
import { Gauge } from '@runnel/service';
import type { Registry } from '@runnel/service';
import type { Pool } from 'pg';

type ConsumerInfo = Awaited<ReturnType<Messaging['jsm']['consumers']['info']>>;

/**
 * What stands in the tables, counted when somebody asks. Every scheduler tells the same of the whole installation: dashboards take the maximum,
 * never the sum.
 */
export function tableMetrics(registry: Registry, pool: Pool): void {
  const tell = (name: string, help: string, labelNames: string[], sql: string): void => {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const { rows } = await pool.query<Record<string, string> & { value: number }>(sql);
        this.reset();
        for (const { value, ...labels } of rows) this.set(labels, value);
      },
    });
  };
  tell(
    'runnel_runs',
    'Runs that have not stopped, by phase and workspace',
    ['phase', 'workspace'],
    'select phase, workspace, count(*)::int as value from runs where not stopped group by 1, 2',
  );
  tell(
    'runnel_runs_attention',
    'Open runs that a person should look at',
    [],
    'select count(attention)::int as value from runs where not stopped',
  );
  tell(
    'runnel_steps_active',
    'Attempts under way, by state and workspace',
    ['state', 'workspace'],
    "select state, workspace, count(*)::int as value from steps where state in ('requested', 'running', 'stopping') group by 1, 2",
  );
  tell(
    'runnel_steps_ready',
    'Steps that wait for admission, by workspace',
    ['workspace'],
    'select workspace, sum(count)::int as value from ready_nodes group by 1',
  );
  tell(
    'runnel_queue_age_seconds',
    'How long the oldest step has waited for admission, by workspace; 0 where none waits',
    ['workspace'],
    `select workspace, extract(epoch from now() - min(since))::float8 as value from ready_nodes group by 1
union all select '', 0 where not exists (select from ready_nodes)`,
  );
  tell(
    'runnel_harvest_sources',
    'Watched branches and workspace files by how the last look ended',
    ['state'],
    `select state, count(p)::int as value from (values ('ok'), ('failing')) s (state)
left join harvest_positions p on state = case when error is null then 'ok' else 'failing' end group by 1`,
  );
  tell(
    'runnel_harvest_lag_seconds',
    'How long ago the source that was looked at longest ago was looked at',
    [],
    "select coalesce(extract(epoch from now() - min(updated_at)), 0)::float8 as value from harvest_positions where updated_at > now() - interval '7 days'",
  );
  tell(
    'runnel_trigger_firings_pending',
    'Runs that triggers are to start and have not',
    [],
    "select count(*)::int as value from trigger_firings where outcome = 'pending'",
  );
  tell(
    'runnel_trigger_lag_seconds',
    'How long the oldest of them has waited; 0 where none waits',
    [],
    "select coalesce(extract(epoch from now() - min(at)), 0)::float8 as value from trigger_firings where outcome = 'pending'",
  );
  tell(
    'runnel_triggers_attention',
    'Triggers that a person should look at: a loop, inputs that do not fit, a process that is gone',
    [],
    'select count(attention)::int as value from triggers where enabled',
  );
  tell(
    'runnel_partitions',
    'Partitions of runs by whether a scheduler owns them',
    ['state'],
    `select state, count(p)::int as value from (values ('owned'), ('unowned')) s (state)
left join partitions p on state = case when p.lease_until > now() then 'owned' else 'unowned' end group by 1`,
  );
  tell(
    'runnel_executors',
    'Executors heard of within an hour: alive, draining (alive and taking nothing), full (alive, their disk nearly full), lost (their lease ended)',
    ['state'],
    `select state, count(e)::int as value from (values ('alive'), ('draining'), ('full'), ('lost')) s (state)
left join executors e on state = case when e.lease_until <= now() then 'lost' when e.full_reason is not null then 'full' when e.accepting then 'alive' else 'draining' end group by 1`,
  );
}

/** Consumers and dead letters, as JetStream tells; where it is away there are no values. */
export function busMetrics(registry: Registry, { jsm, prefix }: Messaging): void {
  const plans = durablePlans(prefix);
  const look = shared(() => Promise.allSettled(plans.map(({ stream, durable }) => jsm.consumers.info(stream, durable))));
  const tell = (name: string, help: string, value: (info: ConsumerInfo) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['durable'],
      registers: [registry],
      async collect() {
        const found = await look();
        this.reset();
        for (const [index, { durable }] of plans.entries()) {
          const info = found[index];
          if (info?.status === 'fulfilled') this.set({ durable }, value(info.value));
        }
      },
    });
  };
  tell('runnel_consumer_pending', 'Messages in a stream that a durable consumer has not been given yet', (info) => info.num_pending);
  tell(
    'runnel_consumer_unacknowledged',
    'Messages that a durable consumer has been given and not acknowledged',
    (info) => info.num_ack_pending,
  );
  tell(
    'runnel_consumer_redelivered',
    'Messages that a durable consumer was given more than once and has not acknowledged yet',
    (info) => info.num_redelivered,
  );
  new Gauge({
    name: 'runnel_dead_letters',
    help: 'Messages that could not be handled and wait for somebody: runnel dlq',
    registers: [registry],
    async collect() {
      const info = await jsm.streams.info(streamNames(prefix).dead).catch(() => undefined);
      this.reset();
      if (info) this.set(info.state.messages);
    },
  });
}

/** All gauges of one scrape look together. */
function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= look().finally(() => (running = undefined)));
}
