import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Command lines of the processes that name the folder or work in it. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ? [command] : [];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
