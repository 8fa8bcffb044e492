import { CliError } from './cli-error.ts';

/** Name and text of NAME=VALUE, as `option` takes it. */
export function assignmentOf(option: string, given: string): [string, string] {
  const at = given.indexOf('=');
  if (at < 1) throw new CliError(`${option} wants NAME=VALUE, found: ${given}`);
  return [given.slice(0, at), given.slice(at + 1)];
}
