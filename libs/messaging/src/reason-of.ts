/** What is logged of an error that is expected and waited for. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
