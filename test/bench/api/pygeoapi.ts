import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '@runnel/embedded';
import { pythonWith } from '../../journeys/python-environment.ts';

const run = promisify(execFile);

export interface Peer {
  port: number;
  /** Of the process whose children are the workers. */
  pid: number;
  close(): Promise<void>;
}

const configOf = (folder: string, port: number): string => `
server:
  bind: {host: 127.0.0.1, port: ${port}}
  url: http://127.0.0.1:${port}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  languages: [en-US]
  limits: {default_items: 10, max_items: 1000}
  map: {url: 'https://tile.example/{z}/{x}/{y}.png', attribution: none}
  manager: {name: TinyDB, connection: ${folder}/jobs.db, output_dir: ${folder}/jobs}
logging: {level: ERROR}
metadata:
  identification: {title: bench, description: bench, keywords: [bench], keywords_type: theme, terms_of_service: none, url: 'http://127.0.0.1'}
  license: {name: none, url: 'http://127.0.0.1'}
  provider: {name: none, url: 'http://127.0.0.1'}
  contact: {name: none, email: a@b.example, url: 'http://127.0.0.1'}
resources:
  hello-world: {type: process, processor: {name: HelloWorld}}
`;

/** pygeoapi 0.21 under gunicorn with two workers; undefined where it cannot be installed. */
export async function startPygeoapi(): Promise<Peer | undefined> {
  const python = await pythonWith('pygeoapi-0.21.0', ['pygeoapi==0.21.0', 'gunicorn==23.0.0']);
  if (python === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'runnel-pygeoapi-'));
  const port = await freePort();
  const config = join(folder, 'config.yml');
  const openapi = join(folder, 'openapi.yml');
  await mkdir(join(folder, 'jobs'));
  await writeFile(config, configOf(folder, port));
  const env = { ...process.env, PYGEOAPI_CONFIG: config, PYGEOAPI_OPENAPI: openapi };
  await run(python, [join(dirname(python), 'pygeoapi'), 'openapi', 'generate', config, '--output-file', openapi], { env });
  const options = ['--workers', '2', '--bind', `127.0.0.1:${port}`, '--log-level', 'error', 'pygeoapi.flask_app:APP'];
  const server = spawn(python, ['-m', 'gunicorn', ...options], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const close = async (): Promise<void> => {
    if (server.exitCode === null) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/processes?f=json`).catch(() => undefined);
    if (answer?.ok === true) return { port, pid: server.pid ?? 0, close };
    await sleep(200);
  }
  await close();
  throw new Error('pygeoapi does not answer');
}
