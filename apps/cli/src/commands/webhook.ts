import type { Command } from 'commander';
import { request, requestJson } from '../client/http.ts';
import { printJson, printTable } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';

type Options = Parameters<typeof targetOf>[0] & { json?: boolean; ends?: string[] };

interface Webhook {
  name: string;
  uri: string;
  ends: string[];
  waiting: number;
  error: string | null;
}

/** `runnel webhook set|list|remove`: who is told when runs of the workspace end. */
export function webhookCommand(program: Command): void {
  const webhook = program.command('webhook').description('who is told, by signed CloudEvents, when runs of the workspace end');
  const set = withTarget(webhook.command('set').description('tell this address of the ends of runs that are accepted from now on'))
    .argument('<name>', 'what it is called')
    .argument('<uri>', 'where a POST is sent')
    .option('--ends <STATUS...>', 'only these: successful, failed, dismissed')
    .action(async (name: string, uri: string, options: Options) => {
      const init = { method: 'PUT', body: JSON.stringify({ uri, ends: options.ends }), headers: { 'content-type': 'application/json' } };
      await request(targetOf(options), `${pathOf(options)}/${encodeURIComponent(name)}`, init);
      console.log(`${name} is told; the key of its signatures: GET /api/v1/callback-key`);
    });
  example(set, 'runnel webhook set ops https://ops.example/runs --ends failed');
  const list = withTarget(webhook.command('list').description('list them, and what they did not take'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const { webhooks } = await requestJson<{ webhooks: Webhook[] }>(targetOf(options), pathOf(options));
      if (options.json === true) return printJson(webhooks);
      printTable(
        ['webhook', 'address', 'ends', 'waiting', 'last fault'],
        webhooks.map((one) => [one.name, one.uri, one.ends.join(' '), String(one.waiting), one.error ?? '']),
      );
    });
  example(list, 'runnel webhook list');
  const remove = withTarget(webhook.command('remove').description('tell it nothing any more'))
    .argument('<name>', 'what it is called')
    .action(async (name: string, options: Options) => {
      await request(targetOf(options), `${pathOf(options)}/${encodeURIComponent(name)}`, { method: 'DELETE' });
      console.log(`${name} removed`);
    });
  example(remove, 'runnel webhook remove ops');
}

const pathOf = (options: Options): string => `/api/v1/workspaces/${encodeURIComponent(targetOf(options).workspace)}/webhooks`;
