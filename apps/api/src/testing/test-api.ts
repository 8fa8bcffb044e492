import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createToken } from '@runnel/access';
import type { Scope } from '@runnel/access';
import type { PostgresServer } from '@runnel/embedded';
import { openObjectStore } from '@runnel/objects';
import type { ObjectStore } from '@runnel/objects';
import { migrate, openDatabase } from '@runnel/postgres';
import type { Database } from '@runnel/postgres';
import { removeTestMessaging, testDatabase, testLogger, testMessaging, testNatsUrl, testPrefix } from '@runnel/testing';
import type { Messaging } from '@runnel/messaging';
import { ApiConfig } from '../config.ts';
import { startApi } from '../start.ts';
import type { RunningApi } from '../start.ts';

/** An api on a database, streams and an object store of its own, with the means to look behind it. */
export interface TestApi {
  readonly url: string;
  readonly config: ApiConfig;
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly messaging: Messaging;
  token(workspace: string, scopes?: readonly Scope[]): Promise<string>;
  /** A request as the holder of the workspace's token. */
  as(workspace: string): Promise<Client>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export type Client = (method: string, path: string, init?: Omit<RequestInit, 'method'>) => Promise<Answer>;

/** The fields of JSON answers that tests look at; which of them there are depends on the route. */
export interface AnswerBody {
  id: string;
  jobID: string;
  status: string | number;
  type: string;
  title: string;
  detail: string;
  version: string;
  attention: string;
  secret: string;
  payload: string;
  next: string | undefined;
  openapi: string;
  paths: Record<string, Record<string, { responses: object }>>;
  servers: object[];
  checks: Record<string, string>;
  conformsTo: string[];
  scopes: string[];
  errors: { path: string; line?: number; column?: number; message: string }[];
  links: { rel: string; href: string }[];
  processes: { id: string; links: object[] }[];
  jobs: { jobID: string }[];
  files: { path: string; href: string; size: number }[];
  runs: { run: string }[];
  nodes: object[];
  steps: { step: string; attempt: number; status: string }[];
  attempts: object[];
  total: object;
  tokens: { name: string }[];
  executors: object[];
  deadLetters: { seq: number; run: string }[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; empty where it is none. */
  readonly body: AnswerBody;
}

/** Servers of one's own, which the test may stop. They know each service by its name and what it may do, like those of an installation. */
export interface TestServers {
  readonly postgres: Pick<PostgresServer, 'url' | 'urlOf'>;
  readonly natsUrl: string;
  readonly prefix: string;
  /** Of all users. */
  readonly password: string;
}

/** Default: the servers of the test run, which trust everybody. */
export async function startTestApi(more: Partial<ApiConfig> = {}, servers?: TestServers): Promise<TestApi> {
  const own = servers ? undefined : await testDatabase();
  const adminUrl = servers?.postgres.url ?? own?.url ?? '';
  const { prefix = testPrefix(), natsUrl = testNatsUrl(), password } = servers ?? {};
  if (servers) await migrate(adminUrl, { passwords: { api: servers.password, scheduler: 'x', ingester: 'x', harvester: 'x' } });
  const postgresUrl = servers ? servers.postgres.urlOf('postgres', 'runnel_api', servers.password) : adminUrl;
  const folder = await mkdtemp(join(tmpdir(), 'runnel-api-test-'));
  const objectsUri = `${pathToFileURL(folder).href}/`;
  const messaging = await testMessaging({ url: natsUrl, prefix, password });
  const config: ApiConfig = {
    ...ApiConfig.parse({ postgresUrl, natsUrl, natsPassword: password, prefix, objects: objectsUri, port: 0 }),
    ...more,
  };
  const database = await openDatabase({ url: adminUrl, name: 'api-test' });
  const objects = await openObjectStore(objectsUri);
  let api: RunningApi = await startApi(config, { logger: testLogger('api') });
  const tokens = new Map<string, string>();
  const token = async (workspace: string, scopes?: readonly Scope[]): Promise<string> =>
    (await createToken(database, { workspace, name: 'test', ...(scopes ? { scopes } : {}) })).secret;
  return {
    get url() {
      return api.url;
    },
    config,
    database,
    objects,
    messaging,
    token,
    async as(workspace) {
      const secret = tokens.get(workspace) ?? (await token(workspace));
      tokens.set(workspace, secret);
      return (method, path, init = {}) =>
        request(api.url, method, path, { ...init, headers: { authorization: `Bearer ${secret}`, ...init.headers } });
    },
    async restart() {
      await api.close();
      api = await startApi(config, { logger: testLogger('api') });
    },
    async close() {
      await api.close();
      await database.close();
      await removeTestMessaging(messaging);
      await own?.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function request(url: string, method: string, path: string, init: Omit<RequestInit, 'method'> = {}): Promise<Answer> {
  const response = await fetch(new URL(path, url), { ...init, method });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parse(text) as AnswerBody };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {};
  }
}

export const cwl = (text: string, type = 'application/cwl+yaml'): { body: string; headers: Record<string, string> } => ({
  body: text,
  headers: { 'content-type': type },
});

export const json = (value: unknown, headers: Record<string, string> = {}): { body: string; headers: Record<string, string> } => ({
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json', ...headers },
});

/** Two tools in a row, one of them scattered; nothing of it is run by these tests. */
export const wide = `cwlVersion: v1.2
$namespaces: {s: https://schema.org/}
s:softwareVersion: 1.2.3
$graph:
- class: Workflow
  id: wide
  label: Says many words
  doc: A word for each number
  requirements: [{class: ScatterFeatureRequirement}]
  inputs:
    n: {type: "int[]", label: Numbers}
    loud: {type: boolean, default: false}
    band: {type: File?}
    folder: {type: Directory?}
    size: {type: [string, "null"]}
  outputs: {all: {type: "string[]", outputSource: say/word}}
  steps:
    say: {run: "#say", scatter: i, in: {i: n}, out: [word]}
- class: CommandLineTool
  id: say
  baseCommand: [sh, -c, 'printf element-%s-done "$0"']
  inputs: {i: {type: int, inputBinding: {position: 1}}}
  stdout: word.txt
  outputs: {word: {type: string, outputBinding: {glob: word.txt, loadContents: true, outputEval: "$(self[0].contents)"}}}
`;
