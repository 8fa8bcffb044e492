import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { CliError } from '../client/cli-error.ts';
import { postJson, request, requestJson } from '../client/http.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean };

interface Trigger {
  name: string;
  on: string;
  process: string;
  enabled: boolean;
  type?: string;
  cron?: string;
  timeZone?: string;
  processes?: string[];
  next?: string[];
  attention?: string;
}

interface Detail extends Trigger {
  firings: { event: string; outcome: string; reason?: string; run?: string; at: string }[];
}

/** `runnel trigger list|show|create|replace|delete`: what starts runs by itself. */
export function triggerCommand(program: Command): void {
  const trigger = program.command('trigger').description('triggers: runs started by events, at times, or after other runs');
  const path = (workspace: string, name?: string): string =>
    `/api/v1/workspaces/${workspace}/triggers${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;

  const list = withTarget(trigger.command('list').description('list them'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const target = targetOf(options);
      const { triggers } = await requestJson<{ triggers: Trigger[] }>(target, path(target.workspace));
      if (options.json === true) return printJson(triggers);
      printTable(
        ['name', 'on', 'process', 'next', 'attention'],
        triggers.map((one) => [one.name, cause(one), one.process, one.next?.[0] ?? '', (one.attention ?? '').slice(0, 80)]),
      );
    });
  example(list, 'runnel trigger list');

  const show = withTarget(trigger.command('show').description('one with its next times and what it did lately'))
    .argument('<name>', 'its name')
    .option('--json', 'print as JSON')
    .action(async (name: string, options: Options) => {
      const target = targetOf(options);
      const found = await requestJson<Detail>(target, path(target.workspace, name));
      if (options.json === true) return printJson(found);
      console.log(`${found.name}: ${cause(found)} → ${found.process}${found.enabled ? '' : ' (disabled)'}`);
      if (found.attention !== undefined) console.log(`attention: ${found.attention}`);
      for (const time of found.next ?? []) console.log(`next ${time}`);
      if (found.firings.length > 0)
        printTable(
          ['at', 'event', 'outcome', 'run', 'reason'],
          found.firings.map(({ at, event, outcome, run = '', reason = '' }) => [at, event, outcome, run, reason]),
        );
    });
  example(show, 'runnel trigger show nightly');

  for (const [verb, method] of [
    ['create', 'POST'],
    ['replace', 'PUT'],
  ] as const) {
    const store = withTarget(trigger.command(verb).description(`${verb} one from a YAML or JSON file (docs/triggers.md)`))
      .argument('<name>', 'its name')
      .argument('<file>', 'its definition')
      .option('--json', 'print as JSON')
      .action(async (name: string, file: string, options: Options) => {
        const target = targetOf(options);
        const body = { ...definitionIn(file), ...(method === 'POST' ? { name } : {}) };
        const address = path(target.workspace, method === 'POST' ? undefined : name);
        const made = await requestJson<Trigger>(target, address, { ...postJson(body), method });
        if (options.json === true) return printJson(made);
        console.log(`${made.name}: ${cause(made)} → ${made.process}`);
        for (const time of made.next ?? []) console.log(`next ${time}`);
      });
    example(store, `runnel trigger ${verb} nightly nightly.yml`);
  }

  const remove = withTarget(trigger.command('delete').description('remove one; runs it started go on'))
    .argument('<name>', 'its name')
    .action(async (name: string, options: Options) => {
      const target = targetOf(options);
      await request(target, path(target.workspace, name), { method: 'DELETE' });
      console.log(`deleted ${name}`);
    });
  example(remove, 'runnel trigger delete nightly');
}

function definitionIn(file: string): object {
  try {
    const value: unknown = parse(readFileSync(file, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new CliError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new CliError(`${file}: a map is expected`, 'See docs/triggers.md for examples.');
}

function cause({ on, type, cron, timeZone, processes }: Trigger): string {
  if (on === 'event') return `event ${type ?? ''}`;
  return on === 'cron' ? `${cron ?? ''} ${timeZone ?? ''}` : `after ${(processes ?? []).join(', ')}`;
}
