import type { Database } from '@runnel/postgres';

/** What a workspace with a budget has used in this month, as the ingester counted it last. */
export interface BudgetState {
  /** `2026-11` */
  readonly month: string;
  readonly coreHours: number;
  readonly memoryGbHours: number;
  /** Per cent that was told: 0, 80, 100. */
  readonly level: number;
}

export async function findBudgetState({ pool }: Pick<Database, 'pool'>, workspace: string): Promise<BudgetState | undefined> {
  const { rows } = await pool.query<BudgetState>({
    name: 'budget-state',
    text: `
select to_char(month, 'YYYY-MM') as month, cpu_seconds / 3600 as "coreHours", memory_gb_seconds / 3600 as "memoryGbHours", level
from budget_states where workspace = $1`,
    values: [workspace],
  });
  return rows[0];
}
