import type { Command } from 'commander';
import { requestJson } from '../client/http.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean };

interface Harvest {
  branches: { repository: string; branch: string; commit?: string; looked: string; error?: string; failures: number }[];
  files: { repository: string; branch: string; path: string; commit: string; outcome: string; reason?: string; at: string }[];
}

interface Webhook {
  url: string;
  secret: string;
  contentType: string;
}

/** `runnel harvest`: what came of watched repositories and files, and their webhooks. */
export function harvestCommand(program: Command): void {
  const harvest = program.command('harvest').description('watched repositories and workspace files');
  const status = withTarget(
    harvest.command('status').description('the watched branches and files, and what came of the last change of each file'),
  )
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const found = await requestJson<Harvest>(targetOf(options), '/api/v1/harvest');
      if (options.json === true) return printJson(found);
      printTable(
        ['repository', 'branch', 'commit', 'looked', 'fault'],
        found.branches.map(({ repository, branch, commit = '', looked, error, failures }) => [
          repository,
          branch,
          commit.slice(0, 10),
          looked,
          error === undefined ? '' : `${error} (${failures} times)`,
        ]),
      );
      if (found.files.length === 0) return;
      console.log('');
      printTable(
        ['file', 'commit', 'outcome', 'reason'],
        found.files.map(({ path, commit, outcome, reason = '' }) => [path, commit.slice(0, 10), outcome, reason.slice(0, 120)]),
      );
    });
  example(status, 'runnel harvest status');
  const webhook = withTarget(
    harvest.command('webhook').description('what to enter at the Git host, so that a push is harvested at once (for operators)'),
  )
    .argument('<REPOSITORY>', 'its address, as the bindings name it')
    .option('--json', 'print as JSON')
    .action(async (repository: string, options: Options) => {
      const found = await requestJson<Webhook>(targetOf(options), `/api/v1/harvest/webhook?repository=${encodeURIComponent(repository)}`);
      if (options.json === true) return printJson(found);
      console.log(
        [`URL           ${found.url}`, `content type  ${found.contentType}`, `secret        ${found.secret}`, 'events        push'].join(
          '\n',
        ),
      );
    });
  example(webhook, 'runnel harvest webhook https://git.example/flows.git');
}
