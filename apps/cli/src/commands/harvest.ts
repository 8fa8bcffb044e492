import type { Command } from 'commander';
import { requestJson } from '../client/http.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean };

interface Harvest {
  branches: { repository: string; branch: string; commit?: string; looked: string; error?: string; failures: number }[];
  files: { repository: string; path: string; commit: string; outcome: string; reason?: string; at: string }[];
}

/** `runnel harvest status`: what came of watched repositories. */
export function harvestCommand(program: Command): void {
  const harvest = program.command('harvest').description('watched repositories');
  const status = withTarget(harvest.command('status').description('the watched branches, and what came of the last change of each file'))
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
}
