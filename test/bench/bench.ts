/** `make bench`: Runnel beside its peers and beside the raw parts it is made of. Each row says what to hold; none of them fails. */
import { benchBackup } from './backup.ts';
import { benchCwlLoading } from './cwl-loading.ts';
import { benchEvents } from './events.ts';
import { benchHarvest } from './harvest.ts';
import { inOwnFolder } from './own-folder.ts';
import { benchRunnelCwl } from './runnel-cwl.ts';
import { benchServices } from './services.ts';
import { benchStaging } from './staging.ts';
import { benchTables } from './tables.ts';

const parts: Record<string, () => Promise<void>> = {
  cwl: benchRunnelCwl,
  'cwl-loading': benchCwlLoading,
  services: benchServices,
  staging: benchStaging,
  tables: benchTables,
  events: benchEvents,
  harvest: benchHarvest,
  backup: benchBackup,
};
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) {
  const isAsked = unknown.every((name) => name === '--help' || name === '-h');
  console.log(
    `${isAsked ? '' : `there is no ${unknown.join(', ')}\n`}usage: bench.ts [part …]; parts: ${Object.keys(parts).join(', ')}; default: all`,
  );
  process.exit(isAsked ? 0 : 2);
}
await inOwnFolder();
for (const [name, part] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await part();
