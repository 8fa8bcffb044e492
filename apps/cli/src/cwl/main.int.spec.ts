import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runnel-cwl-test-'));
  mkdirSync(join(folder, 'out'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(words: string[]): {
  pid: number;
  kill: (signal: NodeJS.Signals) => void;
  ended: Promise<{ code: number | null; out: string; err: string }>;
} {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const prefix = join(folder, 'tmp-');
  const child = spawn(
    process.execPath,
    ['--conditions=@runnel/source', '--disable-warning=ExperimentalWarning', main, '--tmpdir-prefix', prefix, ...words],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, out, err })),
  );
  return { pid: child.pid ?? 0, kill: (signal) => child.kill(signal), ended };
}

const run = (...words: string[]): Promise<{ code: number | null; out: string; err: string }> => start(words).ended;
const document = (name: string, text: string): void => writeFileSync(join(folder, name), `cwlVersion: v1.2\n${text}`);
const wait = (condition: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!condition()) return;
      clearInterval(timer);
      resolve();
    }, 10);
  });

/** A zombie has ended; that its adoptive parent reaps it is not ours to wait for. */
function isGone(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

const say =
  'class: CommandLineTool\nbaseCommand: echo\ninputs: {message: {type: string, inputBinding: {}}}\noutputs: {said: stdout}\nstdout: said.txt\n';

describe('runnel-cwl', () => {
  it('prints one JSON object, with the file in the output directory', async () => {
    document('say.cwl', say);
    const { code, out } = await run('--outdir=out', '--quiet', 'say.cwl', '--message', 'hi');
    const path = join(folder, 'out', 'said.txt');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      said: { class: 'File', path, location: `file://${path}`, size: 3, checksum: expect.stringMatching(/^sha1\$/) },
    });
    expect(readFileSync(path, 'utf8')).toBe('hi\n');
    expect(readdirSync(folder).filter((name) => name.startsWith('tmp-'))).toEqual([]);
  });

  it('resolves conflicts of names', async () => {
    document('say.cwl', say);
    document(
      'two.cwl',
      'class: Workflow\ninputs: {}\noutputs: {a: {type: File, outputSource: a/said}, b: {type: File, outputSource: b/said}}\nsteps:\n' +
        '  a: {run: say.cwl, in: {message: {default: one}}, out: [said]}\n  b: {run: say.cwl, in: {message: {default: two}}, out: [said]}\n',
    );
    const { code, out } = await run('--outdir=out', 'two.cwl');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ a: { basename: 'said.txt' }, b: { basename: 'said_2.txt' } });
    expect(readFileSync(join(folder, 'out', 'said_2.txt'), 'utf8')).toBe('two\n');
  });

  it('prints whole numbers digit by digit', async () => {
    document(
      'big.cwl',
      'class: ExpressionTool\nrequirements: {InlineJavascriptRequirement: {}}\ninputs: {}\noutputs: {n: double}\nexpression: "$({n: 1e25})"\n',
    );
    expect((await run('big.cwl')).out).toContain('"n": 10000000000000000000000000');
  });

  it.each([
    [
      'fails like its tool',
      'class: CommandLineTool\nbaseCommand: [sh, -c, "echo no band >&2; exit 3"]\ninputs: {}\noutputs: {}\n',
      1,
      /exit code 3\n {2}\| no band/,
    ],
    [
      'names the line of a fault',
      'class: CommandLineTool\nbaseCommand: echo\ninputs: {x: strin}\noutputs: {}\n',
      1,
      /t\.cwl:4:\d+: .*strin/,
    ],
    ['names a missing input', 'class: CommandLineTool\nbaseCommand: echo\ninputs: {band: string}\noutputs: {}\n', 1, /band/],
    [
      'exits with 33 for an unknown requirement',
      'class: CommandLineTool\nbaseCommand: echo\nrequirements: {NewThing: {}}\ninputs: {}\noutputs: {}\n',
      33,
      /NewThing/,
    ],
    [
      'exits with 33 for an image that nothing stands for',
      'class: CommandLineTool\nbaseCommand: echo\nrequirements: {DockerRequirement: {dockerPull: nothing.example/here}}\ninputs: {}\noutputs: {}\n',
      33,
      /container image nothing\.example/,
    ],
  ])('%s', async (_what, text, code, message) => {
    document('t.cwl', text);
    const ended = await run('--quiet', 't.cwl');
    expect(ended).toMatchObject({ code, out: '' });
    expect(ended.err).toMatch(message);
  });

  it('says that a job is not there', async () => {
    document('say.cwl', say);
    expect(await run('say.cwl', 'nowhere.json')).toMatchObject({
      code: 1,
      err: expect.stringContaining('the job nowhere.json cannot be read'),
    });
  });

  it.each<[NodeJS.Signals]>([['SIGINT'], ['SIGTERM'], ['SIGKILL']])('leaves no process and no temporary file after %s', async (signal) => {
    const pids = join(folder, 'pids');
    document(
      'long.cwl',
      `class: CommandLineTool\nbaseCommand: [sh, -c, 'setsid sleep 60 & echo $! $$ > ${pids}; sleep 60']\ninputs: {}\noutputs: {}\n`,
    );
    const runner = start(['long.cwl']);
    await wait(() => existsSync(pids) && readFileSync(pids, 'utf8').endsWith('\n'));
    runner.kill(signal);
    const { code } = await runner.ended;
    if (signal !== 'SIGKILL') expect(code).toBe(130);
    const started = readFileSync(pids, 'utf8').trim().split(' ');
    await wait(() => started.every(isGone));
    await wait(() => readdirSync(folder).every((name) => !name.startsWith('tmp-')));
  });
});
