import { InvalidArgumentError, type Command } from 'commander';
import type { Scope } from '@runnel/access';
import { CliError } from '../client/cli-error.ts';
import { withDatabase, withInstallation, type OperatorOptions } from '../client/operator.ts';
import { printJson, printTable } from '../client/output.ts';
import { example } from '../client/target-options.ts';

interface WorkspaceOptions extends OperatorOptions {
  workspace: string;
  json?: boolean;
}

interface TokenOptions extends WorkspaceOptions {
  name: string;
  days?: number;
  scope?: string;
  serviceAccount?: string;
}

/** `runnel token`: made, listed and revoked on the installation itself. */
export function tokenCommand(program: Command): void {
  const token = program.command('token').description('API tokens');
  createCommand(token);
  listCommand(token);
  revokeCommand(token);
}

function createCommand(token: Command): void {
  const create = withInstallation(token.command('create').description('make a token of a workspace and print it (it is shown only once)'))
    .requiredOption('--workspace <WORKSPACE>', 'workspace the token belongs to')
    .option('--name <NAME>', 'what it is for', 'command line')
    .option('--days <N>', 'days until it expires (default: never)', days)
    .option(
      '--scope <SCOPES>',
      'comma-separated part of: read, execute, deploy, write, tokens, manage, operator (default: all but operator)',
    )
    .option('--service-account <NAME>', 'of a program that acts for the workspace, not of a person')
    .option('--json', 'print as JSON')
    .action(async (options: TokenOptions) => {
      const { createToken } = await import('@runnel/access');
      await checkWorkspace(options.workspace);
      const scopes = options.scope === undefined ? undefined : await scopesIn(options.scope);
      const made = await withDatabase(options, (database) =>
        createToken(database, {
          workspace: options.workspace,
          name: options.name,
          expiresAt: options.days === undefined ? undefined : new Date(Date.now() + options.days * 86_400_000),
          ...(scopes === undefined ? {} : { scopes }),
          ...(options.serviceAccount === undefined ? {} : { kind: 'service', owner: options.serviceAccount }),
        }),
      );
      if (options.json === true) printJson(made);
      else console.log(made.secret);
    });
  example(
    create,
    'export RUNNEL_TOKEN=$(runnel token create --data ./data --workspace demo)',
    'runnel token create --workspace demo --service-account nightly --scope read,execute --days 90',
  );
}

function listCommand(token: Command): void {
  const list = withInstallation(token.command('list').description('tokens of a workspace, without their secrets'))
    .requiredOption('--workspace <WORKSPACE>', 'workspace they belong to')
    .option('--json', 'print as JSON')
    .action(async (options: WorkspaceOptions) => {
      const { listTokens } = await import('@runnel/access');
      await checkWorkspace(options.workspace);
      const tokens = await withDatabase(options, (database) => listTokens(database, options.workspace));
      if (options.json === true) return printJson(tokens);
      const stateOf = (revoked: Date | undefined, expires: Date | undefined): string => {
        if (revoked) return `revoked ${revoked.toISOString()}`;
        if (expires && expires <= new Date()) return `expired ${expires.toISOString()}`;
        return expires ? `until ${expires.toISOString()}` : 'valid';
      };
      printTable(
        ['id', 'name', 'account', 'scopes', 'state'],
        tokens.map(({ id, name, kind, owner, scopes, revokedAt, expiresAt }) => [
          id,
          name,
          kind === 'service' ? (owner ?? '') : '',
          scopes.join(','),
          stateOf(revokedAt, expiresAt),
        ]),
      );
    });
  example(list, 'runnel token list --data ./data --workspace demo');
}

function revokeCommand(token: Command): void {
  const revoke = withInstallation(token.command('revoke').description('revoke a token; nothing is let in with it from now on'))
    .argument('<ID>', 'id of the token (runnel token list)')
    .requiredOption('--workspace <WORKSPACE>', 'workspace it belongs to')
    .action(async (id: string, options: WorkspaceOptions) => {
      const { revokeToken } = await import('@runnel/access');
      await checkWorkspace(options.workspace);
      const known = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
      const revoked = known ? await withDatabase(options, (database) => revokeToken(database, options.workspace, id)) : undefined;
      if (!revoked)
        throw new CliError(
          `workspace ${options.workspace} has no token "${id}"`,
          `runnel token list --workspace ${options.workspace} shows their ids.`,
        );
      console.log(`revoked ${revoked.id} (${revoked.name})`);
    });
  example(revoke, 'runnel token revoke --data ./data --workspace demo 0c6e4a1c-6f1e-4b8e-9f55-3c7a6e1d2b10');
}

async function checkWorkspace(name: string): Promise<void> {
  const { TenantWorkspace } = await import('@runnel/contracts');
  if (!TenantWorkspace.safeParse(name).success)
    throw new CliError(
      `"${name}" is no workspace name`,
      'Two to 40 of a-z, 0-9 and -, beginning with a letter; "system" and "public" are reserved.',
    );
}

async function scopesIn(text: string): Promise<Scope[]> {
  const { isScope, scopes } = await import('@runnel/access');
  return text.split(',').map((part) => {
    const name = part.trim();
    if (!isScope(name)) throw new CliError(`--scope: there is no scope "${name}"`, `There are: ${scopes.join(', ')}.`);
    return name;
  });
}

function days(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('a positive number of days is expected.');
  return number;
}
