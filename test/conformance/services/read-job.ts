import { parse } from 'yaml';

import { workspaceAddress } from './suite-address.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/**
 * The inputs of a job file for an execute request: files by their address in the workspace. Names that the process does not declare stay behind:
 * the api refuses them (18-062r2 is strict), where CWL ignores them.
 */
export function readJob(text: string, folder: string, declared: readonly string[]): { [name: string]: Json } {
  const job = (parse(text) ?? {}) as { [name: string]: Json };
  const given = Object.entries(job).filter(([name]) => declared.includes(name));
  return Object.fromEntries(given.map(([name, value]) => [name, withAddresses(value, folder)]));
}

function withAddresses(value: Json, folder: string): Json {
  if (Array.isArray(value)) return value.map((item) => withAddresses(item, folder));
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withAddresses(item, folder)]));
  if (value['class'] !== 'File' && value['class'] !== 'Directory') return inner;
  const { path, location = path, ...rest } = inner;
  return typeof location === 'string' ? { ...rest, location: workspaceAddress(location, folder, path === undefined) } : rest;
}
