import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { printJson, printTable } from '../client/output.ts';
import { example } from '../client/target-options.ts';
import { bring, type Brought } from '../import/bring.ts';
import { workspaceIn } from '../import/read-source.ts';

interface Options {
  from: string;
  token?: string;
  url: string;
  intoToken?: string;
  workspace: string;
  policy?: string | false;
  dryRun?: boolean;
  json?: boolean;
}

/** `runnel import --from URL --token T`: from another hub into a workspace of this one. */
export function importCommand(program: Command): void {
  const command = program
    .command('import')
    .description('bring processes, access-policy.json and the history of jobs of another server into a workspace')
    .requiredOption('--from <URL>', 'the face to read: …/{workspace}/ogc-api, or …/api/catalogue/stac/catalogs/user/catalogs/{workspace}')
    .option('--token <TOKEN>', 'token of the server that is read')
    .option('--policy <URL>', 'where its access-policy.json is (default: where Runnel has it)')
    .option('--no-policy', 'leave the access policy: what is offered to others stays as it is')
    .option('--dry-run', 'change nothing: print what would happen')
    .option('--url <URL>', 'address of the API to bring them to (or RUNNEL_URL)', process.env['RUNNEL_URL'] ?? 'http://127.0.0.1:8080')
    .option('--into-token <TOKEN>', 'its token (or RUNNEL_TOKEN)')
    .option('--workspace <WORKSPACE>', 'its workspace (or RUNNEL_WORKSPACE)', process.env['RUNNEL_WORKSPACE'] ?? 'demo')
    .option('--json', 'print as JSON')
    .action(carryOut);
  example(
    command,
    'runnel import --from https://hub.example/api/catalogue/stac/catalogs/user/catalogs/demo --token $HUB_TOKEN --dry-run',
    'runnel import --from https://hub.example/api/catalogue/stac/catalogs/user/catalogs/demo --token $HUB_TOKEN',
  );
}

async function carryOut(options: Options): Promise<void> {
  const { token, url, workspace, intoToken, dryRun = false } = options;
  if (!URL.canParse(options.from)) throw new CliError(`--from: ${options.from} is no address`);
  const base = options.from.replace(/\/+$/, '');
  const policyAddress = options.policy === false ? undefined : (options.policy ?? policyAt(base));
  const target = { url, workspace, token: intoToken ?? process.env['RUNNEL_TOKEN'] };
  const found: Brought[] = [];
  for await (const one of bring({ source: { base, token }, target, policyAddress, dryRun })) found.push(one);
  if (options.json === true) printJson(found);
  else
    printTable(
      ['what', 'name', dryRun ? 'would be' : 'is', 'because'],
      found.map(({ what, name, outcome, reason = '' }) => [what, name, outcome, reason]),
    );
  // A script has to see that somebody must look.
  if (found.some(({ what, outcome }) => what === 'process' && outcome === 'left')) process.exitCode = 2;
}

function policyAt(base: string): string | undefined {
  const workspace = workspaceIn(base);
  return workspace === undefined ? undefined : `${new URL(base).origin}/workspaces/${workspace}/files/eodh-config/access-policy.json`;
}
