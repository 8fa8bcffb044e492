/** `make chaos`: every named crash point, 1,000 random kills (CHAOS_KILLS), the disasters, and the mutations that the checker must find. */
import { startCluster, type Cluster } from './cluster.ts';
import { crashPointNames, killAtEveryPoint } from './crash-points.ts';
import { losses, survive } from './losses.ts';
import { mutations, tryMutation, tryUnmutated } from './mutations.ts';
import { randomKills } from './random-kills.ts';
import { allRounds, quickTool, rollingRestart } from './rolling-restart.ts';
import { deployAll } from './workload.ts';

const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
const kills = Number(process.env['CHAOS_KILLS'] ?? 1000);
const parts: Readonly<Record<string, string>> = {
  losses: 'JetStream, Postgres, the object store and connections are lost under load',
  restarts: 'rolling restarts under 20 runs a second, alone and in pairs',
  points: 'every service is killed at every named crash point; `points NAME …`: at these',
  mutations: 'faults that are put into the code: the checker must find each',
  kills: 'random kills (CHAOS_KILLS, default 1000; CHAOS_SEED)',
};
const [part, ...points] = process.argv.slice(2);
checkArguments();
const wanted = (name: string): boolean => part === undefined || part === name;
let failed = 0;
let passed = 0;

function checkArguments(): void {
  const fault = faultOf();
  if (fault === undefined && part !== '--help' && part !== '-h') return;
  if (fault !== undefined) console.error(fault);
  console.log('usage: chaos.ts [part]; default: all parts, one after the other\n');
  for (const [name, does] of Object.entries(parts)) console.log(`  ${name.padEnd(10)} ${does}`);
  process.exit(fault === undefined ? 0 : 2);
}

function faultOf(): string | undefined {
  if (part === undefined || part === '--help' || part === '-h') return undefined;
  if (!(part in parts)) return `there is no part ${part}`;
  const names = part === 'points' ? crashPointNames() : [];
  const unknown = points.filter((name) => !names.includes(name));
  return unknown.length > 0 ? `${part} knows no ${unknown.join(', ')}` : undefined;
}

function verdict(name: string, faults: readonly string[], begun: number, note = ''): void {
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (faults.length === 0) passed += 1;
  else failed += 1;
  console.log(`${faults.length === 0 ? 'ok    ' : 'FAILED'} ${name}${note} (${seconds} s)`);
  for (const fault of faults.slice(0, 20)) console.log(`         ${fault}`);
}

/** One cluster for a part; its folder is kept where something went wrong. */
async function withCluster(work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = await startCluster();
  const before = failed;
  try {
    await deployAll(cluster);
    await work(cluster);
  } finally {
    if (failed > before) console.log(`       kept: ${cluster.folder}`);
    await cluster.end(failed > before);
  }
}

if (wanted('losses')) {
  await withCluster(async (cluster) => {
    for (const [name, happen] of Object.entries(losses)) {
      const begun = performance.now();
      verdict(name, await survive(cluster, happen), begun);
    }
  });
}
if (wanted('restarts')) {
  await withCluster(async (cluster) => {
    const begun = performance.now();
    await cluster.request('/demo/ogc-api/processes', {
      method: 'POST',
      body: quickTool,
      headers: { 'content-type': 'application/cwl+yaml' },
    });
    const { failed: refusals, faults, runs, refused } = await rollingRestart(cluster, allRounds, 20);
    verdict(`rolling restarts, alone and in pairs, ${runs} runs, ${refused} connections tried again`, [...refusals, ...faults], begun);
  });
}
if (wanted('points')) {
  await withCluster(async (cluster) => {
    const unreached: string[] = [];
    await killAtEveryPoint(cluster, points.length > 0 ? points : crashPointNames(), ({ point, service, reached, faults, begun }) => {
      if (!reached) unreached.push(`${service ?? 'gc'} at ${point}`);
      verdict(`${service ?? 'gc'} killed at ${point}`, faults, begun, reached ? '' : ', not reached');
    });
    console.log(`       not reached by this work: ${unreached.join(', ') || 'none'}`);
  });
}
if (wanted('mutations')) {
  for (const mutation of mutations) {
    const begun = performance.now();
    verdict(`without the mutation: ${mutation.name}`, await tryUnmutated(mutation), begun);
    const again = performance.now();
    const found = await tryMutation(mutation);
    verdict(`mutation found: ${mutation.name}`, found.length > 0 ? [] : ['the checker found nothing'], again);
    for (const fault of found.slice(0, 3)) console.log(`         found: ${fault}`);
  }
}
if (wanted('kills')) {
  await withCluster(async (cluster) => {
    const begun = performance.now();
    const report = await randomKills(cluster, kills, seed, (line) => console.log(`       ${line}`));
    verdict(`${kills} random kills, seed ${seed}, ${report.runs} runs, ${JSON.stringify(report.kills)}`, report.faults, begun);
  });
}
console.log(`\n${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
