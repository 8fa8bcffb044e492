import type { Command } from 'commander';
import { request } from '../client/http.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

/** `runnel delete RUN…`: for good, with what they alone owned. */
export function deleteCommand(program: Command): void {
  const command = withTarget(
    program.command('delete').description('delete runs that have ended: logs, results and all that they alone owned'),
  )
    .argument('<runs...>', 'run ids')
    .action(async (runs: string[], options: Parameters<typeof targetOf>[0]) => {
      for (const run of runs) {
        await request(targetOf(options), `/api/v1/runs/${run}?purge=true`, { method: 'DELETE' });
        console.log(`${run} deleted`);
      }
    });
  example(command, 'runnel delete 01936d2e-7c1a-7000-8000-000000000001');
}
