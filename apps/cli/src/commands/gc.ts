import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { installationOf, withDatabase, withInstallation, type OperatorOptions } from '../client/operator.ts';
import { bytes, printJson } from '../client/output.ts';
import { example } from '../client/target-options.ts';

/** `runnel gc`: deletes what nothing needs any more; `--dry-run` tells what and how much. */
export function gcCommand(program: Command): void {
  const command = withInstallation(
    program.command('gc').description('delete objects that nothing needs any more (the ingester does it daily)'),
  )
    .option('--dry-run', 'change nothing, tell what would be done')
    .option('--json', 'print the sums as JSON')
    .action(async (options: OperatorOptions & { dryRun?: boolean; json?: boolean }) => {
      const [{ collectGarbage }, { openObjectStore }] = await Promise.all([import('@runnel/ingester'), import('@runnel/objects')]);
      const dryRun = options.dryRun === true;
      const objects = await openObjectStore((await installationOf(options)).objects);
      const summary = await withDatabase(options, (database) =>
        collectGarbage(database, objects, {
          dryRun,
          onGarbage: ({ action, kind, key, count, bytes: size }) => {
            if (options.json !== true) console.log(`${dryRun ? 'would ' : ''}${action} ${kind} ${key} (${count}, ${bytes(size)})`);
          },
        }),
      );
      if (summary === undefined) throw new CliError('a garbage collection is under way', 'Try again when it is over.');
      if (options.json === true) printJson(summary);
      else
        console.log(
          `${dryRun ? 'would delete' : 'deleted'} ${summary.deleted.count} objects, ${bytes(summary.deleted.bytes)}; ${dryRun ? 'would mark' : 'marked'} ${summary.marked.count}, ${bytes(summary.marked.bytes)}`,
        );
    });
  example(command, 'runnel gc --dry-run --data ./data');
}
