/** `make chaos`: every named crash point, 1,000 random kills (CHAOS_KILLS), the disasters, and the mutations that the checker must find. */
import { crashPointNames, killAtEveryPoint } from './crash-points.ts';
import { losses, survive } from './losses.ts';
import { mutations, tryMutation, tryUnmutated } from './mutations.ts';
import { randomKills } from './random-kills.ts';

const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
const kills = Number(process.env['CHAOS_KILLS'] ?? 1000);
const only = process.argv.slice(2);
const wanted = (part: string): boolean => only.length === 0 || only.includes(part);
let failed = 0;
let passed = 0;

function verdict(name: string, faults: readonly string[], note = ''): void {
  if (faults.length === 0) passed += 1;
  else failed += 1;
  console.log(`${faults.length === 0 ? 'ok    ' : 'FAILED'} ${name}${note}`);
  for (const fault of faults.slice(0, 20)) console.log(`         ${fault}`);
}

if (wanted('points')) {
  const unreached: string[] = [];
  await killAtEveryPoint(crashPointNames(), ({ point, service, reached, faults }) => {
    if (!reached) unreached.push(`${service} at ${point}`);
    verdict(`${service} killed at ${point}`, faults, reached ? '' : ' (not reached)');
  });
  console.log(`not reached by this work: ${unreached.join(', ') || 'none'}`);
}
if (wanted('losses')) for (const [name, happen] of Object.entries(losses)) {
  const { faults, folder } = await survive(happen, (line) => console.log(line));
  verdict(name, faults, faults.length > 0 ? `; kept in ${folder}` : '');
}
if (wanted('mutations')) {
  for (const mutation of mutations) {
    verdict(`without the mutation: ${mutation.name}`, await tryUnmutated(mutation));
    const found = await tryMutation(mutation);
    verdict(`mutation found: ${mutation.name}`, found.length > 0 ? [] : ['the checker found nothing'], found.length > 0 ? ` (${found[0]})` : '');
  }
}
if (wanted('kills')) {
  const report = await randomKills(kills, seed, (line) => console.log(`       ${line}`));
  verdict(`${kills} random kills, seed ${seed}, ${report.runs} runs (${JSON.stringify(report.kills)})`, report.faults, report.faults.length > 0 ? `; kept in ${report.folder}` : '');
}
console.log(`\n${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
