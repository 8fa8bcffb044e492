import type { Command } from 'commander';
import { postJson, request, requestJson } from '../../client/http.ts';
import { printJson, printTable } from '../../client/output.ts';
import { example, targetOf, withTarget } from '../../client/target-options.ts';
import { addressOf, type Options } from './target.ts';

interface Member {
  member: string;
  role: string;
  addedBy: string;
  added: string;
}

/** `runnel workspace members list|set|remove`. */
export function membersCommand(workspace: Command): void {
  const members = workspace.command('members').description('who belongs to it, and may do what');
  const path = async (options: Options, member?: string): Promise<string> =>
    `${await addressOf(targetOf(options))}/members${member === undefined ? '' : `/${encodeURIComponent(member)}`}`;
  const list = withTarget(members.command('list').description('list them'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const { members: found } = await requestJson<{ members: Member[] }>(targetOf(options), await path(options));
      if (options.json === true) return printJson(found);
      printTable(
        ['member', 'role', 'added', 'by'],
        found.map(({ member, role, added, addedBy }) => [member, role, added, addedBy]),
      );
    });
  example(list, 'runnel workspace members list');
  const set = withTarget(members.command('set').description('add one, or change its role, at once'))
    .argument('<MEMBER>', 'the identity provider’s name of the user (claim "sub")')
    .argument('<ROLE>', 'owner, developer, user or viewer')
    .action(async (member: string, role: string, options: Options) => {
      await request(targetOf(options), await path(options, member), { ...postJson({ role }), method: 'PUT' });
      console.log(`${member} is ${role}`);
    });
  example(set, 'runnel workspace members set 0f8c-ada developer');
  const remove = withTarget(members.command('remove').description('take one from the list; its tokens are revoked'))
    .argument('<MEMBER>', 'its name (runnel workspace members list)')
    .action(async (member: string, options: Options) => {
      await request(targetOf(options), await path(options, member), { method: 'DELETE' });
      console.log(`removed ${member}`);
    });
  example(remove, 'runnel workspace members remove 0f8c-ada');
}
