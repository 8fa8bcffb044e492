import { spawn } from 'node:child_process';

const script = `
trap '' HUP INT TERM
read -r word
[ "$word" = done ] && exit 0
for round in 1 2 3; do
  for f in $(grep -lsaF -e "=$1/" /proc/[0-9]*/environ); do p=\${f#/proc/}; kill -9 "\${p%/environ}"; done
done
[ "$2" = remove ] && rm -rf "$1"
`;

/**
 * Where tools have no namespace that dies with us, a waiting shell does what we cannot do after `kill -9`: end every process that has its home
 * below `folder`. The folder itself is removed only where it is ours alone.
 */
export function startGuardian(folder: string, remove: boolean): { dismiss(): void } {
  const shell = spawn('/bin/sh', ['-c', script, 'runnel-guardian', folder, remove ? 'remove' : 'keep'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    detached: true,
    cwd: '/',
  });
  shell.unref();
  shell.stdin.on('error', () => undefined);
  shell.on('error', () => undefined);
  return {
    dismiss() {
      shell.stdin.end('done\n');
    },
  };
}
