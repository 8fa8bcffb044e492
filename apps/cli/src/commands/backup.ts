import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { withInstallation, type OperatorOptions } from '../client/operator.ts';
import { bytes, duration, printJson } from '../client/output.ts';
import { example } from '../client/target-options.ts';

type Options = OperatorOptions & { to: string; content?: boolean; json?: boolean };

/** `runnel backup`: database and objects of an installation, running or stopped, into a folder. */
export function backupCommand(program: Command): void {
  const command = withInstallation(
    program.command('backup').description('copy an installation, running or stopped, into a folder: its database and its objects'),
  )
    .requiredOption('--to <FOLDER>', 'new folder for the backup')
    .option('--no-content', 'only list the objects with their checksums (always so where the store is no folder)')
    .option('--json', 'print the manifest as JSON')
    .action(async (options: Options) => {
      const begun = Date.now();
      const [{ takeBackup }, { withStores }] = await Promise.all([import('../backup/take-backup.ts'), import('../backup/installation.ts')]);
      const manifest = await withStores(options, ({ postgres, objects }) =>
        takeBackup({
          postgres,
          objects,
          to: options.to,
          release: program.version() ?? '',
          ...(options.content === false ? { content: false } : {}),
        }),
      ).catch(explainAway);
      if (options.json === true) return printJson(manifest);
      const { database, objects } = manifest;
      if (objects.missing > 0)
        console.error(
          `runnel: ${objects.missing} objects that the database names were not in the store: ${objects.missingKeys.slice(0, 5).join(', ')}`,
        );
      const rows = database.tables.reduce((sum, table) => sum + table.rows, 0);
      const kind = objects.content ? '' : ' (their list only)';
      console.log(
        `backup in ${options.to}: ${rows} rows, ${objects.count} objects${kind}, ${bytes(objects.bytes)}, in ${duration(Date.now() - begun)}\ncheck it: runnel restore --verify-only --from ${options.to}`,
      );
    });
  example(command, 'runnel backup --data ./data --to /backups/2026-11-21');
}

/** A server that does not answer is nothing for a stack. */
export function explainAway(error: unknown): never {
  if (error instanceof Error && (error.name === 'ServiceUnavailable' || error.name === 'ObjectStoreUnavailable'))
    throw new CliError(error.message, 'Is it running? `runnel doctor` tells more.');
  throw error;
}
