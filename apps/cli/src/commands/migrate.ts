import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { installationOf, withInstallation, type OperatorOptions } from '../client/operator.ts';
import { example } from '../client/target-options.ts';

/** `runnel migrate`: the only thing that changes the schema (`up` calls it too). */
export function migrateCommand(program: Command): void {
  const command = withInstallation(program.command('migrate').description('bring the database schema to this release')).action(
    async (options: OperatorOptions) => {
      const { migrate, ServiceUnavailable } = await import('@runnel/postgres');
      const url = options.postgres ?? (await installationOf(options)).postgres;
      const applied = await migrate(url).catch((error: unknown) => {
        if (error instanceof ServiceUnavailable)
          throw new CliError('Postgres does not answer', 'Check the address given with --postgres or --data.');
        throw error;
      });
      console.log(applied.length === 0 ? 'the schema is up to date' : `applied migration ${applied.join(', ')}`);
    },
  );
  example(command, 'runnel migrate --postgres postgres://runnel@db.example/runnel');
}
