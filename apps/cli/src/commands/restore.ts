import type { Command } from 'commander';
import type { Verified } from '../backup/bring-objects.ts';
import type { Manifest } from '../backup/manifest.ts';
import { CliError } from '../client/cli-error.ts';
import { bytes, duration, printJson } from '../client/output.ts';
import { example } from '../client/target-options.ts';
import { explainAway } from './backup.ts';

interface Options {
  from: string;
  data?: string;
  postgres?: string;
  objects?: string;
  keepObjects?: boolean;
  verify?: boolean;
  verifyOnly?: boolean;
  json?: boolean;
}

/** What was done, as `--json` prints it. */
interface Report {
  takenAt: string;
  restored: boolean;
  brought: number;
  verified?: Verified;
}

/** `runnel restore`: a backup into an empty installation. */
export function restoreCommand(program: Command): void {
  const command = program
    .command('restore')
    .description('fill an empty installation from a backup; the runs that were open go on when it is started')
    .requiredOption('--from <FOLDER>', 'folder that `runnel backup --to` made')
    .option('--data <DIR>', 'new folder, to be given to `runnel up`')
    .option('--postgres <URL>', 'an empty database, instead of --data')
    .option('--objects <URI>', 'its object store, instead of --data')
    .option('--keep-objects', 'the object store may hold objects already: only what it lacks is brought')
    .option('--verify', 'afterwards read every object and compare its checksum')
    .option('--verify-only', 'restore nothing: check the backup, and the objects of the installation where one is named')
    .option('--json', 'print what was done as JSON')
    .action(async (options: Options) => {
      const begun = Date.now();
      const { openBackup } = await import('../backup/restore-backup.ts');
      const manifest = await openBackup(options.from);
      const report = await (options.verifyOnly === true ? verifyOnly(options, manifest) : restore(options, manifest)).catch(explainAway);
      if (options.json === true) printJson(report);
      else print(report, manifest, options, duration(Date.now() - begun));
      const { missing = [], changed = [] } = report.verified ?? {};
      if (missing.length + changed.length > 0)
        throw new CliError(
          `${missing.length} objects are missing, ${changed.length} have another content: ${[...missing, ...changed].slice(0, 5).join(', ')}`,
          'Bring them from another backup.',
        );
    });
  example(
    command,
    'runnel restore --data ./restored --from /backups/2026-11-21 --verify',
    'runnel restore --verify-only --from /backups/2026-11-21',
  );
}

async function restore(options: Options, manifest: Manifest): Promise<Report> {
  const [{ restoreBackup }, { verifyObjects }, { openObjectStore }, { withNewStores }] = await Promise.all([
    import('../backup/restore-backup.ts'),
    import('../backup/bring-objects.ts'),
    import('@runnel/objects'),
    import('../backup/installation.ts'),
  ]);
  const fill = async ({ postgres, objects }: { postgres: string; objects: string }): Promise<Report> => {
    const brought = await restoreBackup({ from: options.from, manifest, postgres, objects, keepObjects: options.keepObjects === true });
    const verified = options.verify === true ? await verifyObjects(await openObjectStore(objects), options.from) : undefined;
    return { takenAt: manifest.takenAt, restored: true, brought, ...(verified ? { verified } : {}) };
  };
  const { data, postgres, objects } = options;
  if (data !== undefined) {
    if (postgres !== undefined) throw new CliError('--data and --postgres name two databases', 'Give --data, or --postgres and --objects.');
    return withNewStores(data, (made) => fill({ ...made, ...(objects === undefined ? {} : { objects }) }));
  }
  if (postgres === undefined || objects === undefined)
    throw new CliError('where to restore to?', 'Give --data, or --postgres and --objects.');
  return fill({ postgres, objects });
}

async function verifyOnly(options: Options, manifest: Manifest): Promise<Report> {
  const [{ verifyObjects }, { openObjectStore }, { readAddresses }] = await Promise.all([
    import('../backup/bring-objects.ts'),
    import('@runnel/objects'),
    import('../up/addresses.ts'),
  ]);
  const { checkContent } = await import('../backup/check-content.ts');
  const named = options.objects ?? (options.data === undefined ? undefined : (await readAddresses(options.data)).objects);
  const verified =
    named === undefined ? await checkContent(options.from, manifest) : await verifyObjects(await openObjectStore(named), options.from);
  return { takenAt: manifest.takenAt, restored: false, brought: 0, verified };
}

function print({ brought, restored, verified }: Report, manifest: Manifest, options: Options, took: string): void {
  if (verified) console.log(`verified: ${verified.objects} of ${manifest.objects.count} objects, ${bytes(verified.bytes)}`);
  if (!restored) return;
  const rows = manifest.database.tables.reduce((sum, table) => sum + table.rows, 0);
  console.log(`restored ${rows} rows and ${brought} objects as of ${manifest.takenAt} in ${took}`);
  if (options.data !== undefined) console.log(`start it: runnel up --data ${options.data}`);
}
