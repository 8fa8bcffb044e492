import type { Command } from 'commander';
import { explanationOf, type ExplainedRun, type ExplainedStep } from '../client/explain-run.ts';
import { requestJson } from '../client/http.ts';
import { printJson } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

/** Steps that are looked at for what failed. */
const most = 1000;

/** `runnel explain RUN`: why it waits or failed, and what to do next. */
export function explainCommand(program: Command): void {
  const command = withTarget(program.command('explain').description('say why a run waits or failed, and what to do next'))
    .argument('<run>', 'run id')
    .option('--json', 'print as JSON')
    .action(async (id: string, options: Parameters<typeof targetOf>[0] & { json?: boolean }) => {
      const target = targetOf(options);
      const [run, { steps }] = await Promise.all([
        requestJson<ExplainedRun>(target, `/api/v1/runs/${id}`),
        requestJson<{ steps: ExplainedStep[] }>(target, `/api/v1/runs/${id}/steps?limit=${most}`),
      ]);
      const explanation = explanationOf(run, steps, Date.now());
      if (options.json === true) return printJson(explanation);
      console.log(explanation.headline);
      for (const { where, why } of explanation.because) console.log(`  ${where}: ${why}`);
      for (const line of explanation.log) console.log(`  | ${line}`);
      for (const line of explanation.next) console.log(`next: ${line}`);
    });
  example(command, 'runnel explain 01936d2e-7c1a-7000-8000-000000000001');
}
