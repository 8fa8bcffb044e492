import { Option, type Command } from 'commander';
import type { ClusterOptions } from '../client/cluster-checks.ts';
import { withInstallation } from '../client/operator.ts';
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
    .option('--kubeconfig <FILE>', 'look at a cluster too, as the account of this file: rights, quotas, and from inside a pod')
    .option('--workspace <WORKSPACE>', 'in whose namespace pods look', 'demo')
    .option('--stage-image <IMAGE>', 'image of deploy/stage', process.env['RUNNEL_STAGE_IMAGE'] ?? 'registry.local/runnel-stage:1')
    .option('--staging-url <URL>', 'where pods reach an executor', process.env['RUNNEL_STAGING_URL'])
    .addOption(new Option('--image-pull-policy <POLICY>').choices(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'))
    .action(async (options: ClusterOptions & { json?: boolean }) => {
      const { checks } = await import('../client/doctor-checks.ts');
      const ofCluster = options.kubeconfig === undefined ? {} : await (await import('../client/cluster-checks.ts')).clusterChecks(options);
      const findings: Finding[] = [];
      for (const [check, run] of [...Object.entries(checks), ...Object.entries(ofCluster)])
        findings.push(await examine(check, () => run(options)));
      if (options.json === true) printJson(findings);
      else for (const { check, ok, found } of findings) console.log(`${ok ? 'ok    ' : 'FAILED'} ${check.padEnd(15)} ${found}`);
      if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
    });
  example(
    command,
    'runnel doctor --data ./data',
    'runnel doctor --data ./data --kubeconfig ~/.kube/config --staging-url http://10.0.0.5:8090',
  );
}

async function examine(check: string, run: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, found: await run() };
  } catch (error) {
    return { check, ok: false, found: error instanceof Error ? error.message : String(error) };
  }
}
