import { Counter, Gauge } from '@runnel/service';
import type { Registry } from '@runnel/service';
import type { Pool } from 'pg';

export interface RelayMetrics {
  readonly published: Counter;
  readonly refused: Counter;
}

/** Counts of this relay, and depth and age of the whole outbox, asked for when somebody looks. */
export function relayMetrics(registry: Registry, pool: Pool): RelayMetrics {
  const lag = new Gauge({ name: 'runnel_outbox_lag_seconds', help: 'Age of the oldest row in the outbox', registers: [registry] });
  new Gauge({
    name: 'runnel_outbox_rows',
    help: 'Rows in the outbox that are not published yet',
    registers: [registry],
    async collect() {
      const { rows } = await pool.query<{ depth: string; lag: number }>(
        'select count(*) as depth, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as lag from outbox',
      );
      this.set(Number(rows[0]?.depth ?? 0));
      lag.set(rows[0]?.lag ?? 0);
    },
  });
  return {
    published: new Counter({
      name: 'runnel_outbox_published_total',
      help: 'Messages the relay brought into a stream',
      registers: [registry],
    }),
    refused: new Counter({
      name: 'runnel_outbox_refused_total',
      help: 'Batches that NATS or Postgres refused at least in part',
      registers: [registry],
    }),
  };
}
