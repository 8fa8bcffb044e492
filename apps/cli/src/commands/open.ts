import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { consoleAddress } from '../client/console-address.ts';
import { requestJson } from '../client/http.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

/** `runnel open [RUN]`: the web console, signed in with the token of the command line. */
export function openCommand(program: Command): void {
  const command = withTarget(program.command('open').description('open the web console, or a run in it, in the browser; print its address'))
    .argument('[run]', 'run id')
    .option('--print', 'only print the address')
    .action(async (run: string | undefined, options: Parameters<typeof targetOf>[0] & { print?: boolean }) => {
      const target = targetOf(options);
      // One that is not valid is said here, not in the browser.
      if (target.token !== undefined) await requestJson(target, '/api/v1/me');
      const place = run === undefined ? '' : `/runs/${encodeURIComponent(run)}`;
      const address = consoleAddress(target.url, place, target.token);
      console.log(address);
      if (options.print !== true) await openInBrowser(address);
    });
  example(command, 'runnel open', 'runnel open 01936d2e-7c1a-7000-8000-000000000001');
}

/** Seconds for which a browser may take to read the page that leads it on. */
const readWithin = 5;

/**
 * Where there is a desktop. Other users of the machine see the arguments of programs: the browser is given a page of ours alone, which leads it to the
 * address, and which is gone a moment later.
 */
async function openInBrowser(address: string): Promise<void> {
  const { platform, env } = process;
  const desktop = platform === 'darwin' || env['DISPLAY'] !== undefined || env['WAYLAND_DISPLAY'] !== undefined;
  if (!desktop || !process.stdout.isTTY) return;
  const folder = mkdtempSync(join(tmpdir(), 'runnel-open-'));
  try {
    const page = join(folder, 'console.html');
    const escaped = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
    writeFileSync(page, `<!doctype html><meta http-equiv="refresh" content="0;url=${escaped}">`, { mode: 0o600 });
    const child = spawn(platform === 'darwin' ? 'open' : 'xdg-open', [page], { detached: true, stdio: 'ignore' });
    child.once('error', () => undefined);
    child.unref();
    await sleep(readWithin * 1000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
