import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { deploy, execute, removeFolder, repository, startUp, type Up } from './up.ts';

let up: Up;
beforeAll(async () => {
  up = await startUp();
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
}, 60_000);

/** What a document has its reader type, and prints beneath. */
function commandsIn(text: string): { command: string; output: string }[] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms)];
  return blocks.map(([, command = '', output = '']) => ({ command, output }));
}

it('docs/access.md does what it says', async () => {
  const commands = commandsIn(readFileSync(join(repository, 'docs/access.md'), 'utf8'));
  expect(commands).toHaveLength(7);
  const mark = '-- next --';
  const script = commands.map(({ command }) => `${command}echo "${mark}"\n`).join('');
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    cwd: repository,
    env: { ...process.env, DATA: up.folder, URL: up.url },
    timeout: 100_000,
  });
  const found = stdout.split(`${mark}\n`).slice(0, commands.length);
  expect(found).toEqual(commands.map(({ output }) => output));
}, 120_000);

it('tokens have scopes, are listed without their secrets, and end when they are revoked', async () => {
  const of = ['--data', up.folder, '--workspace', 'demo'];
  const made = await up.runnel(['token', 'create', ...of, '--service-account', 'nightly', '--scope', 'read', '--days', '1']);
  const secret = made.stdout.trim();
  const ask = (method: string, path: string): Promise<Response> =>
    fetch(new URL(path, up.url), { method, headers: { authorization: `Bearer ${secret}` } });
  expect((await ask('GET', '/demo/ogc-api/jobs')).status).toBe(200);
  expect((await ask('PUT', '/workspaces/demo/files/a.txt')).status).toBe(403);
  const listed = (await up.runnel(['token', 'list', ...of])).stdout;
  const [, id = ''] = /^(\S+) .*nightly +read +until /m.exec(listed) ?? [];
  expect(listed).not.toContain(secret);
  expect((await up.runnel(['token', 'revoke', ...of, id])).stdout).toContain(`revoked ${id}`);
  expect((await ask('GET', '/demo/ogc-api/jobs')).status).toBe(401);
  expect((await up.runnel(['token', 'list', ...of])).stdout).toMatch(/nightly +read +revoked /);
  expect((await up.runnel(['token', 'revoke', ...of, 'nothing'], 1)).stderr).toContain('has no token "nothing"');
  expect((await up.runnel(['token', 'create', ...of, '--scope', 'everything'], 1)).stderr).toContain('there is no scope "everything"');
}, 60_000);

it('a tool that asks for a token of its run gets one, which is in no log', async () => {
  const document = `cwlVersion: v1.2
class: CommandLineTool
id: holder
requirements: {EnvVarRequirement: {envDef: {WORKSPACE_TOKEN: <<REPLACE>>}}}
baseCommand: [sh, -c, 'echo "begins $(printf %.3s "$WORKSPACE_TOKEN"), is $WORKSPACE_TOKEN" >&2; exit 3']
inputs: []
outputs: []
`;
  expect((await deploy(up, document)).status).toBe(201);
  const { job } = await execute(up, 'holder', {});
  expect(job.status).toBe('failed');
  const steps = (await (await up.request(`/api/v1/runs/${job.jobID}/steps`)).json()) as { steps: { step: string; failure: object }[] };
  const log = await (await up.request(`/api/v1/runs/${job.jobID}/steps/${encodeURIComponent(steps.steps[0]?.step ?? '')}/log`)).text();
  expect(log).toContain('begins rnr, is ***');
  expect(JSON.stringify([steps, job, log])).not.toContain('rnr_');
}, 60_000);
