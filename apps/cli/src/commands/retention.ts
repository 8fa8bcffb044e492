import { InvalidArgumentError, type Command } from 'commander';
import { requestJson } from '../client/http.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, none, orNull, targetOf, withTarget, type None } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean };

const kinds = { runs: 'runDays', logs: 'logDays', results: 'resultDays', intermediate: 'intermediateDays' } as const;
type Retention = Record<(typeof kinds)[keyof typeof kinds], number | null>;

/** `runnel retention show|set`: what a workspace keeps for how long. */
export function retentionCommand(program: Command): void {
  const retention = program.command('retention').description('what a workspace keeps for how long, in days');
  const show = withTarget(retention.command('show').description('print it'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => print(await requestJson<Retention>(targetOf(options), pathOf(options)), options));
  example(show, 'runnel retention show --workspace demo --token $OPERATOR_TOKEN');
  const set = withTarget(retention.command('set').description('change it; "none" keeps for ever (intermediate: for a week)'))
    .option('--runs <DAYS>', 'from its end until a run is deleted', days)
    .option('--logs <DAYS>', 'until its logs are', days)
    .option('--results <DAYS>', 'until its published results are', days)
    .option('--intermediate <DAYS>', 'since anything named them until intermediate objects are: at least 7', days)
    .option('--json', 'print as JSON')
    .action(async (options: Options & Partial<Record<keyof typeof kinds, number | None>>) => {
      const given = Object.entries(kinds).flatMap(([kind, field]) => {
        const said = options[kind as keyof typeof kinds];
        return said === undefined ? [] : [[field, orNull(said)] as const];
      });
      const body = JSON.stringify(Object.fromEntries(given));
      const init = { method: 'PUT', body, headers: { 'content-type': 'application/json' } };
      print(await requestJson<Retention>(targetOf(options), pathOf(options), init), options);
    });
  example(set, 'runnel retention set --workspace demo --runs 365 --logs 30 --token $OPERATOR_TOKEN');
}

const pathOf = ({ workspace }: Options): string => `/api/v1/workspaces/${encodeURIComponent(workspace)}/retention`;

function print(retention: Retention, { json }: Options): void {
  if (json === true) return printJson(retention);
  printTable(
    ['kind', 'days'],
    Object.entries(kinds).map(([kind, field]) => [kind, retention[field] === null ? 'no limit' : String(retention[field])]),
  );
}

function days(text: string): number | None {
  if (text === none) return none;
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('days are expected, or "none".');
  return Number(text);
}
