import type { Command } from 'commander';
import type { Finding } from '../client/upgrade-checks.ts';
import { withInstallation, type OperatorOptions } from '../client/operator.ts';
import { printJson } from '../client/output.ts';
import { example } from '../client/target-options.ts';

interface Line {
  check: string;
  outcome: 'ok' | 'note' | 'FAILED';
  found: string;
}

/** `runnel upgrade-check`, run with the new release before it is started: may it take over this installation? */
export function upgradeCheckCommand(program: Command): void {
  const command = withInstallation(
    program.command('upgrade-check').description('with the new release, before it is started: whether it may take over an installation'),
  )
    .option('--json', 'print as JSON')
    .action(async (options: OperatorOptions & { json?: boolean }) => {
      const { upgradeChecks } = await import('../client/upgrade-checks.ts');
      const lines: Line[] = [];
      for (const [check, run] of Object.entries(upgradeChecks)) lines.push(await examine(check, () => run(options)));
      const failed = lines.some(({ outcome }) => outcome === 'FAILED');
      if (failed) process.exitCode = 1;
      if (options.json === true) return printJson(lines);
      for (const { check, outcome, found } of lines) console.log(`${outcome.padEnd(6)} ${check.padEnd(13)} ${found}`);
      console.log(failed ? 'not yet: see to what FAILED first' : 'this release may take over; take a backup first: runnel backup');
    });
  example(command, 'runnel upgrade-check --data ./data');
}

async function examine(check: string, run: () => Promise<Finding>): Promise<Line> {
  try {
    const found = await run();
    return typeof found === 'string' ? { check, outcome: 'ok', found } : { check, outcome: 'note', found: found.note };
  } catch (error) {
    return { check, outcome: 'FAILED', found: error instanceof Error ? error.message : String(error) };
  }
}
