/** `make bench`: Runnel beside its peers and beside the raw parts it is made of. Each row says what to hold; none of them fails. */
import { benchEvents } from './events.ts';
import { benchHarvest } from './harvest.ts';
import { benchRunnelCwl } from './runnel-cwl.ts';
import { benchServices } from './services.ts';
import { benchStaging } from './staging.ts';
import { benchTables } from './tables.ts';

const parts: Record<string, () => Promise<void>> = {
  cwl: benchRunnelCwl,
  services: benchServices,
  staging: benchStaging,
  tables: benchTables,
  events: benchEvents,
  harvest: benchHarvest,
};
const wanted = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await part();
