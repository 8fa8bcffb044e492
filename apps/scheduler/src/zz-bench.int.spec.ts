import { execSync } from 'node:child_process';
import { it } from '@jest/globals';
import { chain, wide } from './spec/documents.ts';
import { install } from './spec/installation.ts';

it('bench', async () => {
  const at = await install();
  const executor = await at.executor();
  at.ingester();
  const s = await at.scheduler();
  const N = Number(process.env['N'] ?? 300);
  const one = await at.accept(chain, { x: 1 });
  await at.ended(one);
  const lat: number[] = [];
  for (let i = 0; i < 15; i++) {
    const t = performance.now();
    const r = await at.accept(chain, { x: 1 });
    await at.ended(r);
    lat.push(Math.round(performance.now() - t));
  }
  console.log('chain of 2 ms', lat.join(' '));
  const pg = (): number =>
    execSync(`cat /proc/[0-9]*/stat 2>/dev/null | grep '(postgres)' | awk '{s+=$14+$15} END {print s*10}'`)
      .toString()
      .trim() as unknown as number;
  const rt = performance.now();
  for (let i = 0; i < 100; i++) await at.database.pool.query('select 1');
  console.log('select 1:', (performance.now() - rt) / 100);
  const p0 = Number(pg());
  const c0 = process.cpuUsage();
  const t = performance.now();
  const run = await at.accept(wide, { list: Array.from({ length: N }, (_, index) => index) });
  try {
    await at.ended(run, 60000);
  } catch (e) {
    console.log(String(e));
  }
  const dt = performance.now() - t;
  const c1 = process.cpuUsage(c0);
  console.log('cpu ms/step: node', (c1.user + c1.system) / 1000 / N, 'postgres', (Number(pg()) - p0) / N);
  console.log('wide', N, Math.round(dt), 'ms', Math.round((N / dt) * 1000), 'steps/s', executor.requests.length, (await at.row(run)).phase);
  console.log(
    (await (await fetch(s.url + '/metrics')).text())
      .split('\n')
      .filter((l) => /runnel_.*(sum|count|total|conflict)/.test(l) && !/durable/.test(l) && !l.startsWith('#') && !/ 0$/.test(l))
      .join('\n'),
  );
  await at.close();
}, 120000);
