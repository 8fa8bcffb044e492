import { describe, expect, it } from '@jest/globals';

import type { SpawnRequest } from '../types.ts';
import { stepScript } from './step-script.ts';

const request: SpawnRequest = {
  argv: ['echo', "it's"],
  env: { HOME: '/w/1/out', PATH: '/bin' },
  cwd: '/w/1/out',
  stdout: '/w/1/out/out.txt',
  log: '/w/1/log',
  network: false,
  writable: ['/w/1/out', '/w/1/tmp'],
  readable: ['/w/1/in'],
  binds: [],
};
const place = { rootFolder: '/mnt' };

describe('the script of a step', () => {
  it('starts a tool with nothing but what was decided', () => {
    const script = stepScript(request, place, 'n');
    expect(script).toContain("exec 2>&3 3>&- <'/dev/null'");
    expect(script).toContain("exec >'/w/1/out/out.txt'");
    expect(script).toContain("unset PWD OLDPWD\nexport HOME='/w/1/out' PATH='/bin'\nexec 'echo' 'it'\\''s'\n)");
  });

  it('kills everything that is left only as the first process of a pid namespace', () => {
    expect(stepScript(request, place, 'n')).not.toContain('kill');
    expect(stepScript(request, { ...place, bubblewrap: '/usr/bin/bwrap' }, 'n')).not.toContain('kill -9');
    expect(stepScript(request, { ...place, unshare: '/usr/bin/unshare' }, 'n')).toContain('if [ $$ = 1 ] && kill -9 -1; then d=1; fi');
  });

  it('gives the tool the uid of its slot', () => {
    expect(stepScript(request, { ...place, unshare: '/u', uid: 200_003 }, 'n')).toContain(
      "exec '/u' '--setgid' '200003' '--setuid' '200003' '--' 'echo'",
    );
  });

  it('joins the memory group and limits files before the tool starts', () => {
    const script = stepScript({ ...request, outputLimitBytes: 1000 }, { ...place, memoryGroup: '/cg/procs' }, 'n');
    expect(script.indexOf("echo 0 >'/cg/procs'")).toBeGreaterThan(0);
    expect(script.indexOf('ulimit -f 2')).toBeGreaterThan(0);
    expect(script.indexOf('ulimit -f 2')).toBeLessThan(script.indexOf("'echo'"));
  });

  it('covers the folders of neighbours where all share one uid, and shows the own ones again', () => {
    const script = stepScript(request, { ...place, unshare: '/u', mount: '/m', coverWorkRoot: '/w', identity: { uid: 5, gid: 6 } }, 'n');
    const cover = script.indexOf('/m -t tmpfs -o mode=755,size=1m tmpfs');
    expect(script.slice(cover)).toContain('/m --bind');
    expect(script).toContain('--map-user=5');
  });

  it('hides folders from tools under bubblewrap', () => {
    const script = stepScript(request, { ...place, bubblewrap: '/b', hidden: ['/data'], coverWorkRoot: '/w' }, 'n');
    expect(script).toContain("'--tmpfs' '/data' '--tmpfs' '/w' '--bind' '/w/1/out' '/w/1/out'");
    expect(script).toContain("'--unshare-net'");
  });
});
