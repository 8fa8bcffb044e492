import type { Command } from 'commander';
import { CliError } from '../../client/cli-error.ts';
import { request, requestJson } from '../../client/http.ts';
import { printJson, printTable } from '../../client/output.ts';
import { example, targetOf, withTarget } from '../../client/target-options.ts';
import { membersCommand } from './members.ts';
import { secretsCommand } from './secrets.ts';
import { setCommand } from './set.ts';
import { addressOf, changed, print, type Options, type Workspace } from './target.ts';

/** `runnel workspace create|list|show|suspend|resume|delete|members|secrets|set`. */
export function workspaceCommand(program: Command): void {
  const workspace = program.command('workspace').description('workspaces: their state, settings, members and secrets');
  const create = withTarget(workspace.command('create').description('make one (scope operator); a name is given once'))
    .argument('<NAME>', 'two to 40 of a-z, 0-9 and -, beginning with a letter')
    .option('--title <TEXT>', 'for people')
    .option('--json', 'print as JSON')
    .action(async (name: string, options: Options & { title?: string }) => {
      const { title } = options;
      await changed(options, 'POST', '/api/v1/workspaces', { name, ...(title === undefined ? {} : { title }) });
    });
  example(create, 'runnel workspace create demo --token $OPERATOR_TOKEN');
  listCommand(workspace);
  const show = withTarget(workspace.command('show').description('print its state, settings and figures'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const target = targetOf(options);
      print(await requestJson<Workspace>(target, await addressOf(target)), options);
    });
  example(show, 'runnel workspace show --workspace demo');
  setCommand(workspace);
  stateCommands(workspace);
  membersCommand(workspace);
  secretsCommand(workspace);
}

function listCommand(workspace: Command): void {
  const list = withTarget(workspace.command('list').description('all of them (scope operator)'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const found: Workspace[] = [];
      for (let next: string | undefined = '/api/v1/workspaces'; next !== undefined;) {
        const page: { workspaces: Workspace[]; next?: string } = await requestJson(targetOf(options), next);
        found.push(...page.workspaces);
        ({ next } = page);
      }
      if (options.json === true) return printJson(found);
      printTable(
        ['workspace', 'state', 'created', 'reason'],
        found.map(({ name, state, created = '', reason = '' }) => [name, state, created, reason]),
      );
    });
  example(list, 'runnel workspace list --token $OPERATOR_TOKEN');
}

function stateCommands(workspace: Command): void {
  const path = ({ workspace: name }: Options, rest = ''): string => `/api/v1/workspaces/${encodeURIComponent(name)}${rest}`;
  const suspend = withTarget(workspace.command('suspend').description('let nothing new begin there; what runs comes to its end'))
    .option('--reason <TEXT>', 'told to its members')
    .option('--json', 'print as JSON')
    .action((options: Options & { reason?: string }) => {
      return changed(options, 'POST', path(options, '/suspend'), options.reason === undefined ? {} : { reason: options.reason });
    });
  example(suspend, "runnel workspace suspend --workspace demo --reason 'unpaid' --token $OPERATOR_TOKEN");
  const resume = withTarget(workspace.command('resume').description('let things begin again'))
    .option('--json', 'print as JSON')
    .action((options: Options) => changed(options, 'POST', path(options, '/resume'), {}));
  example(resume, 'runnel workspace resume --workspace demo --token $OPERATOR_TOKEN');
  const remove = withTarget(
    workspace.command('delete').description('delete one: tokens at once, runs are dismissed, then its objects go; usage stays'),
  )
    .option('--yes', 'its name was meant: nothing of it comes back')
    .action(async (options: Options & { yes?: boolean }) => {
      const { workspace: name } = options;
      if (options.yes !== true) throw new CliError(`everything that workspace ${name} has stored would be deleted`, 'Say so with --yes.');
      await request(targetOf(options), path(options, `?confirm=${encodeURIComponent(name)}`), { method: 'DELETE' });
      console.log(`${name} is being deleted (runnel workspace list tells when it is gone)`);
    });
  example(remove, 'runnel workspace delete --workspace demo --yes --token $OPERATOR_TOKEN');
}
