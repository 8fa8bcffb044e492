import { request, type Target } from '../../client/http.ts';
import { postJson, requestJson } from '../../client/http.ts';
import { printJson, printTable } from '../../client/output.ts';
import { targetOf } from '../../client/target-options.ts';

export type Options = Parameters<typeof targetOf>[0] & { json?: boolean };

export interface Workspace {
  name: string;
  state: string;
  reason?: string;
  created?: string;
  settings: Record<string, unknown>;
  members?: number;
  processes?: number;
  openRuns?: number;
  secrets?: number;
  tokens?: number;
  budgetUse?: { month: string; coreHours: number; memoryGbHours: number; level: number };
}

/** Address of the workspace: as its own member sees it where the token is one of it, else as an operator does. */
export async function addressOf(target: Target): Promise<string> {
  const answer = await request(target, '/api/v1/workspace', { tolerate: [401, 403] });
  const own = answer.ok ? ((await answer.json()) as Workspace).name === target.workspace : false;
  return own ? '/api/v1/workspace' : `/api/v1/workspaces/${encodeURIComponent(target.workspace)}`;
}

/** Sends a change and prints what became of the workspace. */
export async function changed(options: Options, method: string, path: string, body: unknown): Promise<void> {
  print(await requestJson<Workspace>(targetOf(options), path, { ...postJson(body), method }), options);
}

export function print(workspace: Workspace, { json }: Pick<Options, 'json'>): void {
  if (json === true) return printJson(workspace);
  const { name, state, reason, settings, budgetUse } = workspace;
  console.log(`${name}: ${state}${reason === undefined ? '' : ` (${reason})`}`);
  const figures = (['members', 'processes', 'openRuns', 'secrets', 'tokens'] as const).flatMap((key) => {
    const figure = workspace[key];
    return figure === undefined ? [] : [[key, String(figure)]];
  });
  const rows = [
    ...figures,
    ...Object.entries(settings).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ];
  if (budgetUse) rows.push([`used in ${budgetUse.month}`, useOf(budgetUse)]);
  if (rows.length > 0) printTable(['what', 'value'], rows);
}

function useOf({ coreHours, memoryGbHours, level }: NonNullable<Workspace['budgetUse']>): string {
  const few = (value: number): number => Number(value.toPrecision(3));
  const state = level >= 100 ? ': used up' : level >= 80 ? ': nearly used up' : '';
  return `${few(coreHours)} core hours, ${few(memoryGbHours)} GB hours of memory${state}`;
}
