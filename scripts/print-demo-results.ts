/** Downloads the files of the demo's results with the user's token and prints statistics, addresses and where the picture lies. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Link {
  href: string;
  type?: string;
}

const [resultsFile, folder] = process.argv.slice(2);
if (resultsFile === undefined || folder === undefined) throw new Error('usage: print-demo-results.ts RESULTS_JSON FOLDER');
const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as { catalogue: Link; ndvi: Link; quicklook: Link; statistics: Link };

async function download(link: Link, name: string): Promise<string> {
  const answer = await fetch(link.href, { headers: { authorization: `Bearer ${process.env['RUNNEL_TOKEN'] ?? ''}` } });
  if (!answer.ok) throw new Error(`${link.href}: ${answer.status} ${await answer.text()}`);
  const path = join(folder ?? '', name);
  writeFileSync(path, Buffer.from(await answer.arrayBuffer()));
  return path;
}

const statistics = JSON.parse(readFileSync(await download(results.statistics, 'statistics.json'), 'utf8')) as Record<
  'min' | 'mean' | 'max',
  number
>;
for (const [name, link] of Object.entries(results)) if (typeof link === 'object') console.log(`${name.padEnd(11)} ${link.href}`);
console.log(`\nNDVI        minimum ${statistics.min.toFixed(6)}  mean ${statistics.mean.toFixed(6)}  maximum ${statistics.max.toFixed(6)}`);
await download(results.ndvi, 'ndvi.tif');
console.log(`picture     ${await download(results.quicklook, 'quicklook.png')}`);
