import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { deploy, execute, removeFolder, repository, startUp, type Up } from './up.ts';

const alertFile = join(repository, 'deploy/prometheus/alerts.yml');
const dashboards = join(repository, 'deploy/grafana');
const promtool = process.env['RUNNEL_PROMTOOL'] ?? 'promtool';

interface Alert {
  alert: string;
  expr: string;
  annotations: { runbook: string };
}
const alerts = (parse(readFileSync(alertFile, 'utf8')) as { groups: { rules: Alert[] }[] }).groups.flatMap(({ rules }) => rules);

function panelsOf(file: string): { title: string; targets: { expr: string }[] }[] {
  return (JSON.parse(readFileSync(join(dashboards, file), 'utf8')) as { panels: { title: string; targets: { expr: string }[] }[] }).panels;
}

const expressions: [string, string][] = [
  ...alerts.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...readdirSync(dashboards).flatMap((file) =>
    panelsOf(file).flatMap(({ title, targets }) => targets.map(({ expr }): [string, string] => [`${file}: ${title}`, expr])),
  ),
];

/** Selectors of an expression: the metric, and the labels it asks for. Prometheus itself adds `job` and `instance`. */
function selectorsOf(expr: string): { name: string; labels: string[] }[] {
  return [...expr.matchAll(/\b((?:runnel|process|nodejs)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].map(([, name = '', labels = '']) => ({
    name,
    labels: labels.split(',').filter((label) => label !== '' && !/^(job|instance)=/.test(label)),
  }));
}

const tool = `cwlVersion: v1.2
class: CommandLineTool
id: hello
baseCommand: [echo, hello]
inputs: []
outputs: {out: stdout}
`;

let up: Up;
let collector: Server;
const spans: { traceId: string; spanId: string; parentSpanId?: string; name: string }[] = [];
let metrics = '';

beforeAll(async () => {
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: typeof spans }[] }[] };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  up = await startUp({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}` } });
  expect((await deploy(up, tool)).status).toBe(201);
  expect((await execute(up, 'hello', {})).job.status).toBe('successful');
  await fetch(`${up.url}/demo/ogc-api/processes`, { headers: { authorization: 'Bearer rnl_wrong' } });
  const services = [...up.output().matchAll(/^(?:api|scheduler|executor|ingester|harvester) +(http:\S+)/gm)].map(([, url]) => url ?? '');
  expect(services).toHaveLength(5);
  for (const url of services) metrics += `${await (await fetch(`${url}/metrics`)).text()}\n`;
  metrics += (await up.runnel(['system-test', '--metrics'])).stdout;
}, 180_000);
afterAll(async () => {
  await up.stop();
  await new Promise((resolve) => collector.close(resolve));
  removeFolder(up.folder);
}, 60_000);

describe('dashboards and alerts', () => {
  it('ask for metrics and labels that a running installation has', () => {
    const known = new Set([...metrics.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? ''));
    const samples = metrics.split('\n').filter((line) => !line.startsWith('#'));
    const unknown = expressions.flatMap(([where, expr]) =>
      selectorsOf(expr)
        .filter(({ name, labels }) => {
          const base = known.has(name) ? name : name.replace(/_(bucket|count|sum)$/, '');
          const labelled = labels.every((label) => samples.some((line) => line.startsWith(`${name}{`) && line.includes(label)));
          return !known.has(base) || !labelled;
        })
        .map(({ name, labels }) => `${where}: ${name} {${labels.join()}}`),
    );
    expect(expressions.length).toBeGreaterThan(40);
    expect(unknown).toEqual([]);
  });

  it('have a runbook entry for each alert', () => {
    const headings = readFileSync(join(repository, 'docs/operations.md'), 'utf8').match(/^#### .*$/gm);
    expect(headings).toEqual(alerts.map(({ alert }) => `#### ${alert}`));
    for (const { alert, annotations } of alerts) expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
  });

  it('have a test for each alert', () => {
    const tests = parse(readFileSync(join(repository, 'deploy/prometheus/alerts.test.yml'), 'utf8')) as {
      tests: { alert_rule_test: { alertname: string }[] }[];
    };
    expect(tests.tests.flatMap((one) => one.alert_rule_test.map(({ alertname }) => alertname))).toEqual(alerts.map(({ alert }) => alert));
  });

  const withPromtool = spawnSync(promtool, ['--version']).status === 0 ? it : it.skip;
  withPromtool('fire, each, as promtool finds (skipped without promtool: Debian package prometheus, or RUNNEL_PROMTOOL)', () => {
    execFileSync(promtool, ['test', 'rules', 'alerts.test.yml'], { cwd: join(repository, 'deploy/prometheus') });
    // The panels' expressions are read as rules.
    const folder = mkdtempSync(join(tmpdir(), 'runnel-rules-'));
    const rules = expressions.map(([, expr], index) => ({ record: `panel_${index}`, expr }));
    const file = join(folder, 'panels.yml');
    execFileSync('tee', [file], { input: JSON.stringify({ groups: [{ name: 'panels', rules }] }) });
    execFileSync(promtool, ['check', 'rules', file]);
    rmSync(folder, { recursive: true });
  });
});

describe('a trace', () => {
  it('goes from the request to the results', async () => {
    await up.stop();
    const begun = spans.find(({ name }) => name === 'POST /:workspace/ogc-api/processes/:process/execution');
    const trace = spans.filter(({ traceId }) => traceId === begun?.traceId);
    expect(trace.map(({ name }) => name)).toEqual(expect.arrayContaining(['on step.requested', 'on run.outputs-ready']));
    // Every span but the first hangs below another of the trace.
    const ids = new Set(trace.map(({ spanId }) => spanId));
    expect(trace.filter(({ parentSpanId }) => parentSpanId === undefined || !ids.has(parentSpanId)).map(({ name }) => name)).toEqual([
      begun?.name,
    ]);
  }, 60_000);
});
