/** A failure that the user can act on: what happened, and what to do next. Printed without a stack. */
export class CliError extends Error {
  override name = 'CliError';

  constructor(
    message: string,
    readonly hint?: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
