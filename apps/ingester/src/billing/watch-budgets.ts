import { BudgetReached, WorkspaceSettings } from '@runnel/contracts';
import { outboxRows, outgoing } from '@runnel/messaging';
import { inTransaction, insertOutbox, query, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import type { IngesterParts } from '../parts.ts';

/** Per cent of a budget that are told: a warning, and the stop. */
const levels = [100, 80, 0] as const;

type Parts = Pick<IngesterParts, 'database' | 'messaging' | 'relay'>;

interface Row {
  workspace: string;
  budget: unknown;
  month: string;
  cpu: number;
  memory: number;
  known: number;
}

/**
 * Compares what workspaces with a budget have used in this month with it. Each level is told once; at 100 per cent nothing new begins there
 * (view `held_workspaces`) until the month or the budget changes. Returns how many levels were reached.
 */
export async function watchBudgets({ database, messaging, relay }: Parts): Promise<number> {
  const reached = await inTransaction(database, async (tx) => {
    const rows = await readUse(tx);
    let told = 0;
    for (const row of rows) {
      const level = levelOf(row);
      await keep(tx, row, level);
      if (level <= row.known) continue;
      const { workspace, month, cpu, memory } = row;
      const event = { workspace, month, percent: level, coreHours: cpu / 3600, memoryGbHours: memory / 3600 };
      await insertOutbox(tx, outboxRows(messaging, [outgoing(BudgetReached, event)]));
      told += 1;
    }
    // The api holds what may begin in memory.
    if (told > 0) await query(tx, { name: 'tell-budgets', text: `select pg_notify('workspaces_changed', '')` });
    crashPoint('ingester.budget.before-commit');
    return told;
  });
  if (reached > 0) relay.kick();
  return reached;
}

async function readUse(tx: Transaction): Promise<Row[]> {
  const { rows } = await query<Row>(tx, {
    name: 'budget-use',
    text: `
select w.name as workspace, w.settings -> 'budget' as budget, to_char(m.month, 'YYYY-MM') as month, coalesce(u.cpu, 0) as cpu,
  coalesce(u.memory, 0) as memory, coalesce(s.level, 0)::int as known
from workspaces w
cross join (select date_trunc('month', now() at time zone 'utc') as month) m
left join budget_states s on s.workspace = w.name and s.month = m.month::date
left join lateral (
  select sum(cpu_seconds) as cpu, sum(memory_gb_seconds) as memory from ledger where workspace = w.name and at >= m.month at time zone 'utc'
) u on true
where w.settings ? 'budget' and w.state in ('active', 'suspended')`,
  });
  return rows;
}

function levelOf({ budget, cpu, memory }: Row): number {
  const { coreHours, memoryGbHours } = WorkspaceSettings.shape.budget.safeParse(budget).data ?? {};
  const part = (used: number, limit: number | null | undefined): number =>
    typeof limit === 'number' ? (used >= limit * 3600 ? 100 : (used / (limit * 3600)) * 100) : 0;
  const used = Math.max(part(cpu, coreHours), part(memory, memoryGbHours));
  return levels.find((level) => used >= level) ?? 0;
}

async function keep(tx: Transaction, { workspace, month, cpu, memory }: Row, level: number): Promise<void> {
  await query(tx, {
    name: 'keep-budget-state',
    text: `
insert into budget_states (workspace, month, cpu_seconds, memory_gb_seconds, level) values ($1, ($2 || '-01')::date, $3, $4, $5)
on conflict (workspace) do update set month = excluded.month, cpu_seconds = excluded.cpu_seconds,
  memory_gb_seconds = excluded.memory_gb_seconds, level = excluded.level, at = now()`,
    values: [workspace, month, cpu, memory, level],
  });
}
