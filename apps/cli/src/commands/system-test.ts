import { InvalidArgumentError, type Command } from 'commander';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { timeout: number; image?: string; json?: boolean; metrics?: boolean };

/** `runnel system-test`: small journeys against any installation; exit code 1 where one fails. */
export function systemTestCommand(program: Command): void {
  const command = withTarget(
    program
      .command('system-test')
      .description('try an installation as a user would: deploy, execute, logs, results, dismiss, policy; for a cron job or a probe'),
  )
    .option('--timeout <SECONDS>', 'that one journey may take', seconds, 120)
    .option('--image <IMAGE>', 'container image with sh, where steps need one')
    .option('--json', 'print the outcomes as JSON')
    .option('--metrics', 'print them as metrics for Prometheus')
    .action(async (options: Options) => {
      const [{ journeys }, { runJourneys, removeLeftovers }, { metricsText }] = await Promise.all([
        import('../system-test/journeys.ts'),
        import('../system-test/run-journeys.ts'),
        import('../system-test/metrics-text.ts'),
      ]);
      const target = targetOf(options);
      const reports = await runJourneys(journeys, { target, timeout: options.timeout, image: options.image });
      const failed = reports.filter(({ passed }) => !passed).length;
      if (failed > 0) process.exitCode = 1;
      // Only an installation that is well has time for it.
      else await removeLeftovers(target);
      if (options.metrics === true) return console.log(metricsText(reports, Date.now()));
      if (options.json === true)
        return printJson({ url: target.url, workspace: target.workspace, passed: failed === 0, journeys: reports });
      printTable(
        ['journey', 'outcome', 'took', ''],
        reports.map((report) => [report.journey, report.passed ? 'ok' : 'FAILED', `${report.seconds.toFixed(1)} s`, report.remark ?? '']),
      );
      console.log(`${reports.length - failed} journeys passed, ${failed} failed`);
    });
  example(
    command,
    'runnel system-test --url https://hub.example --token $TOKEN --workspace demo',
    'runnel system-test --metrics > /var/lib/node_exporter/runnel.prom',
  );
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number of seconds is expected.');
  return value;
}
