import { InvalidArgumentError, type Command } from 'commander';
import type { StoredEntry } from '@runnel/access';
import { CliError } from '../client/cli-error.ts';
import { installationOf, withDatabase, withInstallation, type OperatorOptions } from '../client/operator.ts';
import { printJson, printTable } from '../client/output.ts';
import { example } from '../client/target-options.ts';

interface ListOptions extends OperatorOptions {
  workspace?: string;
  only?: 'refused' | 'allowed';
  last: number;
  json?: boolean;
}

/** `runnel audit`: read on the installation itself. */
export function auditCommand(program: Command): void {
  const audit = program.command('audit').description('decisions that refused somebody or crossed workspaces');
  listCommand(audit);
  verifyCommand(audit);
}

function listCommand(audit: Command): void {
  const list = withInstallation(audit.command('list').description('the latest entries, oldest first'))
    .option('--workspace <WORKSPACE>', 'only about what is its own, or by its tokens')
    .option('--only <OUTCOME>', 'refused or allowed', outcome)
    .option('--last <N>', 'so many', count, 50)
    .option('--json', 'print as JSON')
    .action(async (options: ListOptions) => {
      const { listEntries } = await import('@runnel/access');
      const { workspace, only, last, json } = options;
      const allowed = only === undefined ? undefined : only === 'allowed';
      const entries = await withDatabase(options, (database) => listEntries(database, { workspace, allowed, limit: last }));
      if (json === true) return printJson(entries);
      printTable(['entry', 'at', 'outcome', 'action', 'of', 'by', 'times', 'what'], entries.map(rowOf));
    });
  example(list, 'runnel audit list --data ./data --workspace demo --only refused');
}

function rowOf({ seq, at, allowed, reason, action, workspace, caller, principal, times, method, target, address }: StoredEntry): string[] {
  const who = caller === null ? principal : `${caller} (${principal})`;
  const what = target === null ? `from ${address ?? 'several addresses'}` : `${method ?? ''} ${target}`;
  return [seq, at.toISOString(), allowed ? 'allowed' : `refused: ${reason ?? ''}`, action, workspace ?? '', who, String(times), what];
}

function verifyCommand(audit: Command): void {
  const verify = withInstallation(
    audit.command('verify').description('compute every seal of the chain again; exit code 1 where it is broken'),
  )
    .option('--json', 'print as JSON')
    .action(async (options: OperatorOptions & { json?: boolean }) => {
      const [{ verifyAudit }, { openObjectStore }] = await Promise.all([import('@runnel/access'), import('@runnel/objects')]);
      const objects = await openObjectStore((await installationOf(options)).objects);
      const report = await withDatabase(options, (database) => verifyAudit(database, objects));
      if (options.json === true) printJson(report);
      const { seals, sealed, open, faults } = report;
      if (faults.length > 0)
        throw new CliError(
          `the audit log was tampered with:\n  ${faults.join('\n  ')}`,
          'Compare with a backup (runnel backup); what the object store holds is the older truth.',
        );
      if (options.json !== true)
        console.log(`${sealed} entries under ${seals} seals, as they were written; ${open} wait for the next seal`);
    });
  example(verify, 'runnel audit verify --data ./data');
}

function outcome(text: string): string {
  if (text !== 'refused' && text !== 'allowed') throw new InvalidArgumentError('refused or allowed is expected.');
  return text;
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 100_000)
    throw new InvalidArgumentError('a whole number from 1 to 100000 is expected.');
  return number;
}
