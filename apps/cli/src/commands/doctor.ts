import type { Command } from 'commander';
import { withInstallation, type OperatorOptions } from '../client/operator.ts';
import { printJson } from '../client/output.ts';
import { example } from '../client/target-options.ts';

interface Finding {
  check: string;
  ok: boolean;
  found: string;
}

/** `runnel doctor`: each part ok, or what to do. */
export function doctorCommand(program: Command): void {
  const command = withInstallation(program.command('doctor').description('check an installation: each line ok, or what to do'))
    .option('--json', 'print as JSON')
    .action(async (options: OperatorOptions & { json?: boolean }) => {
      const { checks } = await import('../client/doctor-checks.ts');
      const findings: Finding[] = [];
      for (const [check, run] of Object.entries(checks)) findings.push(await examine(check, () => run(options)));
      if (options.json === true) printJson(findings);
      else for (const { check, ok, found } of findings) console.log(`${ok ? 'ok    ' : 'FAILED'} ${check.padEnd(13)} ${found}`);
      if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
    });
  example(command, 'runnel doctor --data ./data');
}

async function examine(check: string, run: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, found: await run() };
  } catch (error) {
    return { check, ok: false, found: error instanceof Error ? error.message : String(error) };
  }
}
