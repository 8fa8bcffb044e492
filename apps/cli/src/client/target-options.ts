import type { Command } from 'commander';
import { CliError } from './cli-error.ts';
import type { Target } from './http.ts';

interface TargetOptions {
  url: string;
  token?: string;
  workspace: string;
}

/** The three options that every command which speaks to the API takes. */
export function withTarget(command: Command): Command {
  return command
    .option('--url <URL>', 'address of the API (or RUNNEL_URL)', process.env['RUNNEL_URL'] ?? 'http://127.0.0.1:8080')
    .option('--token <TOKEN>', 'API token (or RUNNEL_TOKEN)')
    .option('--workspace <WORKSPACE>', 'workspace (or RUNNEL_WORKSPACE)', process.env['RUNNEL_WORKSPACE'] ?? 'demo');
}

/** Throws where the address is none. */
export function targetOf(options: TargetOptions): Target {
  if (!/^https?:$/.test(URL.parse(options.url)?.protocol ?? ''))
    throw new CliError(`"${options.url}" is no address of an API`, 'As --url or RUNNEL_URL give http://HOST:PORT, or https://HOST.');
  return { url: options.url, token: options.token ?? process.env['RUNNEL_TOKEN'], workspace: options.workspace };
}

/** Shown under the help of a command. */
export function example(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', `\nExample:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

/** What an option says to take something away; commander cannot give null. */
export const none = 'none';
export type None = typeof none;

export const orNull = <Value>(value: Value | None): Exclude<Value, None> | null =>
  value === none ? null : (value as Exclude<Value, None>);
