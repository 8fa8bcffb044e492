import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceName } from '@runnel/postgres';
import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { installationOf, withInstallation, type OperatorOptions } from '../client/operator.ts';
import { example } from '../client/target-options.ts';

/** `runnel migrate`: the only thing that changes the schema (`up` calls it too). */
export function migrateCommand(program: Command): void {
  const command = withInstallation(program.command('migrate').description('bring the database schema to this release'))
    .option('--roles <DIR>', 'make a role per service (runnel_api …) with only its grants; DIR has a file per service with its password')
    .action(async (options: OperatorOptions & { roles?: string }) => {
      const { migrate, ServiceUnavailable } = await import('@runnel/postgres');
      const url = options.postgres ?? (await installationOf(options)).postgres;
      const passwords = options.roles === undefined ? {} : { passwords: await passwordsIn(options.roles) };
      const applied = await migrate(url, passwords).catch((error: unknown) => {
        if (error instanceof ServiceUnavailable)
          throw new CliError('Postgres does not answer', 'Check the address given with --postgres or --data.');
        throw error;
      });
      console.log(applied.length === 0 ? 'the schema is up to date' : `applied migration ${applied.join(', ')}`);
    });
  example(
    command,
    'runnel migrate --postgres postgres://runnel@db.example/runnel',
    'runnel migrate --postgres postgres://runnel@db.example/runnel --roles /etc/runnel/roles',
  );
}

async function passwordsIn(folder: string): Promise<Record<ServiceName, string>> {
  const { serviceNames } = await import('@runnel/postgres');
  const passwords = serviceNames.map((service): [string, string] => {
    const file = join(folder, service);
    try {
      const password = readFileSync(file, 'utf8').trim();
      if (password !== '') return [service, password];
    } catch (error) {
      throw new CliError(
        `--roles: ${error instanceof Error ? error.message : String(error)}`,
        `There is a file for each of: ${serviceNames.join(', ')}.`,
      );
    }
    throw new CliError(`--roles: ${file} is empty`, 'It holds the password of that service.');
  });
  return Object.fromEntries(passwords) as Record<ServiceName, string>;
}
