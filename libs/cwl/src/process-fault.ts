/** Why a tool cannot be prepared or its outputs cannot be collected; the fault of the document, its inputs or the tool, never of the engine. */
export class ProcessFault extends Error {
  override readonly name: string = 'ProcessFault';
  /** Place in the process: `outputs.index.outputBinding.glob`. */
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}
