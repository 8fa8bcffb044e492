/** Everything published of a run lies below. */
export function resultsPrefix(workspace: string, run: string): string {
  return `${workspace}/results/${run}/`;
}

/** The key of a run's result document. */
export function documentKey(workspace: string, run: string): string {
  return `${resultsPrefix(workspace, run)}results.json`;
}
