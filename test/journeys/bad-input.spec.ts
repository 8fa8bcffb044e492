import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processesOf } from './processes.ts';
import { accept, deploy, execute, removeFolder, startUp, untilFinal, type Up } from './up.ts';

let up: Up;
beforeAll(async () => {
  up = await startUp();
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
}, 60_000);

interface Problem {
  detail: string;
  errors?: { line?: number; column?: number; message?: string; path?: string }[];
}

async function refused(document: string, status = 400): Promise<Problem> {
  const answer = await deploy(up, document);
  const text = await answer.text();
  expect({ status: answer.status, text: text.slice(0, 300) }).toEqual({ status, text: text.slice(0, 300) });
  return JSON.parse(text) as Problem;
}

const tool = (id: string, script: string, rest = 'outputs: []'): string =>
  `cwlVersion: v1.2\nclass: CommandLineTool\nid: ${id}\nbaseCommand: [sh, -c, ${JSON.stringify(script)}]\ninputs: []\n${rest}\n`;

describe('a document that cannot run is refused at deployment, with its place', () => {
  it.each([
    ['is no YAML', 'cwlVersion: v1.2\nclass: [unclosed\n', 3],
    ['has a field of the wrong type', 'cwlVersion: v1.2\nclass: CommandLineTool\nid: t\nbaseCommand: {a: 1}\ninputs: []\noutputs: []\n', 4],
    [
      'has an unknown requirement',
      'cwlVersion: v1.2\nclass: CommandLineTool\nid: t\nrequirements:\n  NoSuchRequirement: {}\nbaseCommand: "true"\ninputs: []\noutputs: []\n',
      5,
    ],
    [
      'names a step that is not there',
      'cwlVersion: v1.2\nclass: Workflow\nid: w\ninputs: []\noutputs: {o: {type: File, outputSource: nowhere/o}}\nsteps: []\n',
      5,
    ],
    ['misses what a step runs', 'cwlVersion: v1.2\nclass: Workflow\nid: w\ninputs: []\noutputs: []\nsteps:\n  s: {in: [], out: []}\n', 7],
  ])('one that %s', async (_what, document, line) => {
    const problem = await refused(document);
    expect(problem.errors?.[0]).toMatchObject({ line, message: expect.any(String) });
  });

  it('one whose steps wait for each other', async () => {
    const step = (name: string, other: string) => `  ${name}: {run: '#t', in: {x: ${other}/y}, out: [y]}\n`;
    const document = `cwlVersion: v1.2
$graph:
- class: Workflow
  id: w
  inputs: []
  outputs: []
  steps:
  ${step('a', 'b')}  ${step('b', 'a')}- class: CommandLineTool
  id: t
  baseCommand: "true"
  inputs: {x: File}
  outputs: {y: {type: File, outputBinding: {glob: y}}}
`;
    const problem = await refused(document);
    expect(JSON.stringify(problem)).toContain('a needs b needs a');
  });

  it('one that unfolds without end, and one that is too large', async () => {
    const bomb = [
      'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`),
    ].join('\n');
    await refused(`cwlVersion: v1.2\nclass: CommandLineTool\nid: t\n${bomb}\nbaseCommand: "true"\ninputs: []\noutputs: []\n`);
    const large = await deploy(up, `cwlVersion: v1.2\n# ${'x'.repeat(50 * 1024 * 1024)}`).catch(() => undefined);
    // The server may close before it was sent everything (RFC 9110 §15.5.14): the client then sees a broken connection.
    expect([413, undefined]).toContain(large?.status);
  }, 60_000);

  it('and nothing of it is stored', async () => {
    const { processes } = (await (await up.request('/demo/ogc-api/processes')).json()) as { processes: { id: string }[] };
    expect(processes.map(({ id }) => id)).not.toEqual(expect.arrayContaining(['t']));
    expect(processes.map(({ id }) => id)).not.toEqual(expect.arrayContaining(['w']));
  });
});

describe('inputs that do not fit are refused by name', () => {
  beforeAll(async () => {
    await deploy(
      up,
      'cwlVersion: v1.2\nclass: CommandLineTool\nid: typed\nbaseCommand: echo\ninputs: {count: int, name: string}\noutputs: []\n',
    );
  });

  it.each([
    ['unknown', { count: 1, name: 'a', extra: 1 }, 'extra'],
    ['missing', { count: 1 }, 'name'],
    ['ill-typed', { count: 'one', name: 'a' }, 'count'],
    ['too large for an int', { count: 3_000_000_000, name: 'a' }, 'count'],
  ])('%s', async (_what, inputs, named) => {
    const answer = await up.request('/demo/ogc-api/processes/typed/execution', {
      method: 'POST',
      body: JSON.stringify({ inputs }),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(await answer.json())).toContain(named);
  });
});

describe('a tool that misbehaves fails its run with the reason, and the slot is free again', () => {
  const cases: [what: string, id: string, document: string, reason: RegExp][] = [
    ['exits with 3', 'exits', tool('exits', 'echo it went wrong >&2; exit 3'), /exit(ed with| code)? ?3/],
    ['is killed by a signal', 'killed', tool('killed', 'kill -SEGV $$'), /SIGSEGV|signal/],
    [
      'produces nothing for its glob',
      'nothing',
      tool('nothing', 'true', 'outputs: {o: {type: File, outputBinding: {glob: "*.tif"}}}'),
      /\*\.tif/,
    ],
    [
      'prints a line of 100 MB',
      'chatty',
      tool('chatty', 'head -c 100000000 /dev/zero | tr "\\\\0" x >&2; exit 4'),
      /exit(ed with| code)? ?4/,
    ],
    [
      'ignores SIGTERM beyond its time limit',
      'stubborn',
      tool('stubborn', 'trap "" TERM; sleep 300', 'requirements: {ToolTimeLimit: {timelimit: 1}}\noutputs: []'),
      /time limit/,
    ],
  ];
  it.each(cases)(
    'one that %s',
    async (_what, id, document, reason) => {
      expect((await deploy(up, document)).status).toBe(201);
      const { job } = await execute(up, id, {});
      expect(job).toMatchObject({ status: 'failed' });
      expect(job.message).toMatch(reason);
    },
    120_000,
  );

  it('keeps the log of what failed', async () => {
    const { job } = await execute(up, 'exits', {});
    const log = await up.request(`/api/v1/runs/${job.jobID}/steps/exits/log`);
    expect(await log.text()).toContain('it went wrong');
  }, 60_000);

  it('leaves nothing running behind a tool that forks and goes', async () => {
    await deploy(up, tool('forks', 'setsid sleep 4321 & setsid sh -c "sleep 4321 & sleep 4321" & true'));
    const { job } = await execute(up, 'forks', {});
    expect(job.status).toBe('successful');
    expect(processesOf(up.folder).filter((command) => command.includes('4321'))).toEqual([]);
  }, 60_000);

  it('ends what is dismissed', async () => {
    await deploy(up, tool('long', 'sleep 9876'));
    const id = await accept(up, 'long', {});
    for (let tries = 0; tries < 200 && processesOf('sleep 9876').length === 0; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(processesOf('sleep 9876').length).toBeGreaterThan(0);
    const dismissed = await up.request(`/demo/ogc-api/jobs/${id}`, { method: 'DELETE' });
    expect(await dismissed.json()).toMatchObject({ status: 'dismissed' });
    for (let tries = 0; tries < 200 && processesOf('sleep 9876').length > 0; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(processesOf('sleep 9876')).toEqual([]);
    expect(await untilFinal(up, id)).toMatchObject({ status: 'dismissed' });
  }, 60_000);
});
