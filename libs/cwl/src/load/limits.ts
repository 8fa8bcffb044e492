/** Bounds on what a document may cost. Exceeding one is a diagnostic with code `limit-exceeded`. */
export interface LoadLimits {
  /** Bytes of one document, counted as UTF-16 units of its text. */
  documentBytes: number;
  /** Nodes of one document after its YAML aliases are expanded. */
  nodes: number;
  /** Nesting of maps and lists in one document. */
  depth: number;
  /** Documents that import or run one another in a chain. */
  importDepth: number;
  /** Documents read for one package. */
  documents: number;
  /** Processes of one package. */
  processes: number;
}

export const DEFAULT_LIMITS: LoadLimits = {
  documentBytes: 10 * 1024 * 1024,
  nodes: 2_000_000,
  depth: 200,
  importDepth: 32,
  documents: 1_000,
  processes: 10_000,
};
