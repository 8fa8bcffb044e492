import { InvalidArgumentError, type Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { withDatabase, withInstallation, type OperatorOptions } from '../client/operator.ts';
import { printJson } from '../client/output.ts';
import { example } from '../client/target-options.ts';

interface TokenOptions extends OperatorOptions {
  workspace: string;
  name: string;
  days?: number;
  json?: boolean;
}

/** `runnel token create`: the secret is shown once. */
export function tokenCommand(program: Command): void {
  const token = program.command('token').description('API tokens');
  const create = withInstallation(token.command('create').description('make a token of a workspace and print it (it is shown only once)'))
    .requiredOption('--workspace <WORKSPACE>', 'workspace the token belongs to')
    .option('--name <NAME>', 'what it is for', 'command line')
    .option('--days <N>', 'days until it expires (default: never)', days)
    .option('--json', 'print as JSON')
    .action(async (options: TokenOptions) => {
      const [{ createToken }, { TenantWorkspace }] = await Promise.all([import('@runnel/access'), import('@runnel/contracts')]);
      if (!TenantWorkspace.safeParse(options.workspace).success)
        throw new CliError(
          `"${options.workspace}" is no workspace name`,
          'Two to 40 of a-z, 0-9 and -, beginning with a letter; "system" and "public" are reserved.',
        );
      const made = await withDatabase(options, (database) =>
        createToken(database, {
          workspace: options.workspace,
          name: options.name,
          expiresAt: options.days === undefined ? undefined : new Date(Date.now() + options.days * 86_400_000),
        }),
      );
      if (options.json === true) printJson(made);
      else console.log(made.secret);
    });
  example(create, 'export RUNNEL_TOKEN=$(runnel token create --data ./data --workspace demo)');
}

function days(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('a positive number of days is expected.');
  return number;
}
