import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processesOf } from './processes.ts';
import { removeFolder, repository, runnel, startUp, type Up } from './up.ts';

let up: Up;
let files: string;
const greeting = join(repository, 'examples/greeting');

beforeAll(async () => {
  up = await startUp();
  files = mkdtempSync(join(tmpdir(), 'runnel-files-'));
}, 120_000);
afterAll(async () => {
  await up.stop();
  removeFolder(up.folder);
  rmSync(files, { recursive: true });
}, 60_000);

describe('a user with bin/runnel', () => {
  let run = '';

  it('deploys, runs and finds the results', async () => {
    const deployed = await up.runnel(['deploy', join(greeting, 'app.cwl')]);
    expect(deployed.stdout).toContain('deployed greeting');
    expect((await up.runnel(['deploy', join(greeting, 'app.cwl')])).stdout).toContain('replaced greeting');
    const details = ['--name', 'first', '--label', 'season=2026'];
    const ran = await up.runnel(['run', 'greeting', join(greeting, 'inputs.json'), ...details]);
    run = /^run (\S+)/m.exec(ran.stderr)?.[1] ?? '';
    expect(run).toMatch(/^[0-9a-f-]{36}$/);
    expect(ran.stderr).toContain('successful');
    expect(ran.stdout).toContain(`${up.url}/workspaces/demo/results/${run}/`);
  }, 60_000);

  it('lists runs and processes, reads results, events and logs', async () => {
    expect((await up.runnel(['ps'])).stdout).toMatch(new RegExp(`${run}\\s+greeting\\s+successful`));
    expect((await up.runnel(['ps', '--label', 'season=2026', '--name', 'first'])).stdout).toMatch(
      new RegExp(`${run} .* first season=2026\n$`),
    );
    expect((await up.runnel(['ps', '--label', 'season=2025'])).stdout).not.toContain(run);
    expect((await up.runnel(['processes'])).stdout).toMatch(/greeting +1\.0\.0 +Greeting/);
    const described = (await up.runnel(['describe', 'greeting'])).stdout;
    expect(described).toMatch(/^greeting \(version 1\.0\.0\)\nGreeting\nMakes a STAC item/);
    expect(described).toMatch(/language +one of en, de, fr +no: "en" +Language of the greeting/);
    expect(JSON.parse((await up.runnel(['results', run, '--json'])).stdout)).toHaveProperty('catalogue');
    const events = (await up.runnel(['events', run, '--json'])).stdout.trim().split('\n');
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ run, status: 'successful', progress: 100 });
    await up.runnel(['logs', run]);
  }, 60_000);

  it('fetches results into a folder, and fills in a template', async () => {
    const folder = join(files, 'fetched');
    const fetched = await up.runnel(['results', run, '--download', folder]);
    expect(fetched.stdout).toContain(`${folder}/catalogue/`);
    for (const line of fetched.stdout.trim().split('\n')) expect(existsSync(line.replace(/ {2}\(.*/, ''))).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))).toHaveProperty('catalogue');
    expect((await up.runnel(['results', run, '--download', folder], 1)).stderr).toContain('is not empty');
    const template = (await up.runnel(['template', 'greeting'])).stdout;
    expect(template).toContain('# one of en, de, fr, may be left out\n# language: en');
    writeFileSync(join(files, 'filled.yml'), template.replace('name: ""', 'name: Template'));
    expect((await up.runnel(['run', 'greeting', join(files, 'filled.yml')])).stdout).toContain('Hello, Template!');
    expect((await up.runnel(['watch', '--once'])).stdout).toMatch(/greeting +successful +100 %/);
  }, 60_000);

  it('checks a document without deploying it', async () => {
    expect((await up.runnel(['deploy', '--validate-only', join(greeting, 'app.cwl')])).stdout).toContain('is valid');
    const broken = join(files, 'broken.cwl');
    writeFileSync(broken, 'cwlVersion: v1.2\nclass: CommandLineTool\nid: broken\ninputs: []\noutputs: {o: {type: nothing}}\n');
    const refused = await up.runnel(['deploy', '--validate-only', broken], 1);
    expect(refused.stderr).toMatch(/broken\.cwl:5:\d+/);
    expect((await up.runnel(['processes'])).stdout).not.toContain('broken');
  }, 60_000);

  it('learns why a run failed, and what to do', async () => {
    const failing = join(files, 'failing.cwl');
    writeFileSync(
      failing,
      'cwlVersion: v1.2\nclass: CommandLineTool\nid: failing\nbaseCommand: [sh, -c, "echo it broke >&2; exit 7"]\ninputs: []\noutputs: []\n',
    );
    await up.runnel(['deploy', failing]);
    const ended = await up.runnel(['run', 'failing'], 1);
    const failed = /^run (\S+)/m.exec(ended.stderr)?.[1] ?? '';
    const explained = (await up.runnel(['explain', failed])).stdout;
    expect(explained).toMatch(/failed after .*\n {2}\S+ \(tool, exit code 7\): .*\n {2}\| it broke\nnext: /);
    expect((await up.runnel(['explain', run])).stdout).toContain(`next: runnel results ${run}`);
  }, 60_000);

  it('uploads the local files that its inputs name', async () => {
    writeFileSync(join(files, 'lines.txt'), 'one\ntwo\nthree\n');
    writeFileSync(join(files, 'job.yml'), 'text: { class: File, path: lines.txt }\n');
    writeFileSync(
      join(files, 'count.cwl'),
      `cwlVersion: v1.2
$graph:
- class: Workflow
  id: count
  inputs: {text: File}
  outputs: {counted: {type: File, outputSource: count/out}}
  steps: {count: {run: '#wc', in: {text: text}, out: [out]}}
- class: CommandLineTool
  id: wc
  baseCommand: [sh, -c, 'echo counting >&2; wc -l < "$0"']
  inputs: {text: {type: File, inputBinding: {position: 1}}}
  stdout: count.txt
  outputs: {out: stdout}
`,
    );
    await up.runnel(['deploy', join(files, 'count.cwl')]);
    const ran = await up.runnel(['run', 'count', join(files, 'job.yml'), '--json']);
    const { counted } = JSON.parse(ran.stdout) as { counted: { href: string } };
    const content = await (await up.request(new URL(counted.href).pathname)).text();
    expect(content.trim()).toBe('3');
    const id = /results\/([0-9a-f-]{36})\//.exec(counted.href)?.[1] ?? '';
    expect((await up.runnel(['logs', id, 'count'])).stdout).toContain('counting');
  }, 60_000);

  it('cancels, and the run stays dismissed', async () => {
    writeFileSync(
      join(files, 'sleeper.cwl'),
      'cwlVersion: v1.2\nclass: CommandLineTool\nid: sleeper\nbaseCommand: [sleep, "600"]\ninputs: []\noutputs: []\n',
    );
    await up.runnel(['deploy', join(files, 'sleeper.cwl')]);
    const id = (await up.runnel(['run', 'sleeper', '--detach'])).stdout.trim();
    expect((await up.runnel(['cancel', id])).stdout).toBe(`${id} dismissed\n`);
    expect((await up.runnel(['ps', '--status', 'dismissed'])).stdout).toContain(id);
    expect((await up.runnel(['undeploy', 'sleeper'])).stdout).toBe('sleeper undeployed\n');
    expect((await up.runnel(['processes'])).stdout).not.toContain('sleeper');
    expect((await up.runnel(['ps'])).stdout).toContain(id);
  }, 60_000);

  it('is told what to do when something is wrong', async () => {
    const missing = await up.runnel(['run', 'nothing-like-it'], 1);
    expect(missing.stderr).toContain('404');
    const wrong = await up.runnel(['run', 'count', '-i', 'text=7'], 1);
    expect(wrong.stderr).toContain('text');
    const away = await runnel(['ps', '--url', 'http://127.0.0.1:9', '--token', 'x']);
    expect(away.code).toBe(1);
    expect(away.stderr).toContain('runnel up');
    const anonymous = await runnel(['ps', '--url', up.url], { RUNNEL_TOKEN: '' });
    expect(anonymous.stderr).toContain('runnel token create');
  }, 60_000);
});

describe('an operator with bin/runnel', () => {
  it('checks the installation', async () => {
    const doctor = await up.runnel(['doctor', '--data', up.folder]);
    expect(doctor.stdout).not.toContain('FAILED');
    expect(doctor.stdout).toMatch(/ok\s+executors/);
    expect((await up.runnel(['migrate', '--data', up.folder])).stdout).toContain('up to date');
    expect((await up.runnel(['dlq', 'list', '--data', up.folder])).stdout).toContain('no dead letters');
    expect((await up.runnel(['gc', '--dry-run', '--data', up.folder])).stdout).toContain('would delete 0 objects');
  }, 60_000);

  it('tries it as a user would, and learns what is wrong', async () => {
    const tried = await up.runnel(['system-test']);
    expect(tried.stdout).toMatch(/9 journeys passed, 0 failed\n$/);
    expect((await up.runnel(['processes'])).stdout).not.toContain('system-test-');
    const metrics = await up.runnel(['system-test', '--metrics', '--token', 'rnl_wrong'], 1);
    expect(metrics.stdout).toContain('runnel_system_test_success{journey="answer"} 0');
    expect(metrics.stdout).toContain('runnel_system_test_success{journey="deploy"} 0');
    const away = await runnel(['system-test', '--url', 'http://127.0.0.1:9', '--token', 'x', '--json']);
    expect(away.code).toBe(1);
    expect(JSON.parse(away.stdout)).toMatchObject({ passed: false });
  }, 60_000);

  it('learns whether this release may take over', async () => {
    const { stdout } = await up.runnel(['upgrade-check', '--data', up.folder]);
    expect(stdout).not.toContain('FAILED');
    expect(stdout).toMatch(/ok +schema +version \d+, nothing to migrate/);
    expect(stdout).toMatch(/ok +streams/);
  }, 60_000);

  it('is told that the folder or the port is in use', async () => {
    const again = await runnel(['up', '--data', up.folder, '--port', '0']);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(`process ${up.pid}`);
    const taken = await runnel(['up', '--data', join(files, 'other'), '--port', String(up.port)]);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain(`port ${up.port} is taken`);
  }, 60_000);

  it.each([
    [['--images', '/nowhere.json'], 'the executor cannot start: /nowhere.json could not be read'],
    [['--backend', 'kubernetes'], 'the executor cannot start: the kubernetes backend needs an object store that pods reach'],
    [['--oidc-issuer', 'hub'], 'the api cannot start: oidcIssuer: '],
    [['--repositories', '/nowhere.json'], 'the harvester cannot start: /nowhere.json: ENOENT'],
    [['--port', '70000'], 'a number up to 65535 is expected'],
  ])(
    'is told which setting keeps it from starting: %j',
    async (args, reason) => {
      const refused = await runnel(['up', '--data', join(files, 'never'), '--port', '0', ...args]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(reason);
      expect(refused.stderr).not.toMatch(/^ +at /m);
    },
    60_000,
  );

  it('is told that an address is none', async () => {
    const refused = await runnel(['ps', '--url', 'localhost:8080']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('"localhost:8080" is no address of an API\n  As --url or RUNNEL_URL give http://');
  });

  it('finds help with an example for every command', async () => {
    const help = await runnel(['--help']);
    const found = [...help.stdout.matchAll(/^ {2}([a-z-]+) .*/gm)].map(([, name]) => name ?? '');
    const plain = [
      'up',
      'migrate',
      'deploy',
      'upload',
      'run',
      'ps',
      'logs',
      'cancel',
      'results',
      'events',
      'doctor',
      'gc',
      'backup',
      'restore',
      'upgrade-check',
      'system-test',
      'template',
      'watch',
      'explain',
    ];
    expect(found).toEqual(expect.arrayContaining(plain));
    for (const words of [
      ...plain.map((name) => [name]),
      ['token', 'create'],
      ['dlq', 'list'],
      ['dlq', 'show'],
      ['dlq', 'replay'],
      ['dlq', 'drop'],
    ]) {
      expect((await runnel([...words, '--help'])).stdout).toContain('Example:');
    }
  }, 120_000);

  it('stops it in order and finds everything again', async () => {
    const { folder, port } = up;
    expect(await up.stop()).toMatchObject({ code: 0 });
    expect(processesOf(folder)).toEqual([]);
    up = await startUp({ folder, port });
    expect((await up.runnel(['ps'])).stdout).toContain('greeting');
    await up.runnel(['run', 'greeting', join(greeting, 'inputs.json')]);
  }, 120_000);
});
