import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunStatusChanged, subjectOf } from '@runnel/contracts';
import { buryMessage, connect } from '@runnel/messaging';
import { createLogger } from '@runnel/service';
import { deploy, execute, removeFolder, repository, runnel, startUp, type Up } from './up.ts';

const guide = readFileSync(join(repository, 'docs/operations.md'), 'utf8');
/** Lines of the shell blocks, in order. */
const commands = [...guide.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) =>
  block
    .split('\n')
    .map((line) => line.replace(/ +#.*$/, '').trim())
    .filter((line) => line !== ''),
);
const prose = guide.replaceAll(/```.*?```/gs, '');
const inProse = (pattern: RegExp): string[] => [...new Set([...prose.matchAll(pattern)].map(([, found = '']) => found))];

const tool = `cwlVersion: v1.2
class: CommandLineTool
id: hello
baseCommand: [echo, hello]
inputs: []
outputs: {out: stdout}
`;

let up: Up;
let files: string;
let run: string;
/** Id of a token that may be revoked. */
let token: string;
let operator: string;
/** What else the guide calls by a word in capitals. */
const named: Record<string, string> = {};

const failing = tool.replace('id: hello', 'id: failing').replace('[echo, hello]', "['false']");

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'runnel-guide-'));
  up = await startUp();
  expect((await deploy(up, tool)).status).toBe(201);
  run = (await execute(up, 'hello', {})).job.jobID;
  expect((await deploy(up, failing)).status).toBe(201);
  named['FAILED_RUN'] = (await execute(up, 'failing', {})).job.jobID;
  named['OLD_RUN'] = (await execute(up, 'hello', {})).job.jobID;
  const { executors } = (await (await up.request('/api/v1/executors')).json()) as { executors: { id: string }[] };
  named['EXECUTOR'] = executors[0]?.id ?? '';
  const created = await runnel(['token', 'create', '--data', up.folder, '--workspace', 'staff', '--scope', 'operator']);
  operator = created.stdout.trim().split('\n').at(-1) ?? '';
  const headers = { 'content-type': 'application/json' };
  const made = await up.request('/api/v1/tokens', { method: 'POST', body: JSON.stringify({ name: 'guide' }), headers });
  token = ((await made.json()) as { id: string }).id;
  await buryLetters(8);
}, 180_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
  rmSync(files, { recursive: true });
}, 60_000);

/** The guide speaks of the letters 7 and 8. */
async function buryLetters(count: number): Promise<void> {
  const { nats, natsUser, natsPassword } = JSON.parse(readFileSync(join(up.folder, 'addresses.json'), 'utf8')) as Record<string, string>;
  const logger = createLogger({ service: 'test', level: 'silent' });
  const messaging = await connect({ url: nats ?? '', user: natsUser, password: natsPassword, service: 'operator', logger });
  const letter = {
    consumer: 'ingester-usage',
    subject: subjectOf(RunStatusChanged, run, messaging.prefix),
    headers: undefined,
    data: new TextEncoder().encode('{}'),
    reason: 'a test',
    count: 5,
  };
  for (let seq = 1; seq <= count; seq += 1) await buryMessage(messaging, { ...letter, seq });
  await messaging.close();
}

/** What the guide calls by its place or by a word in capitals. */
function filledIn(command: string): string {
  return command
    .replaceAll(/\b(FAILED_RUN|OLD_RUN|EXECUTOR)\b/g, (name) => named[name] ?? name)
    .replaceAll('/var/lib/runnel', up.folder)
    .replaceAll('8080', String(up.port))
    .replaceAll(/\bDIR\b|\.\/data\b/g, up.folder)
    .replaceAll(/\bID\b/g, token)
    .replaceAll(/\bBACKUP\b/g, join(files, 'backup'))
    .replaceAll(/\bNEW\b/g, join(files, 'restored'));
}

describe('docs/operations.md', () => {
  it.each(commands.filter((command) => !command.includes('runnel up ')))(
    '%s',
    (command) => {
      const env = {
        ...process.env,
        ...up.env,
        OPERATOR_TOKEN: operator,
        PATH: [join(repository, 'bin'), process.env['PATH']].join(delimiter),
      };
      const ended = spawnSync('bash', ['-c', filledIn(command)], { cwd: files, env, encoding: 'utf8' });
      expect({ ...ended, stdout: undefined, output: undefined }).toMatchObject({ status: 0, stderr: '' });
    },
    60_000,
  );

  it('starts it as this test does', () => {
    expect(commands.filter((command) => command.includes('runnel up --data'))).toEqual([
      'bin/runnel up --data /var/lib/runnel --port 8080',
    ]);
  });

  it.each(inProse(/`(runnel [^`]+)`/g))(
    'knows `%s`',
    async (command) => {
      const words = command.split(/[ …]+/).slice(1);
      const [name = '', second = ''] = words;
      const named = /^[a-z]+$/.test(second) ? [name, second] : [name];
      const help = await runnel([...named, '--help']);
      expect(help).toMatchObject({ code: 0 });
      for (const flag of words.filter((word) => word.startsWith('--'))) expect(help.stdout).toContain(flag);
    },
    60_000,
  );

  it.each(inProse(/`(?:GET )?(\/(?:api|health|metrics)[^`]*)`/g))('is right that GET %s answers', async (path) => {
    expect((await up.request(path.replace('{id}', run))).status).toBe(200);
  });
});
