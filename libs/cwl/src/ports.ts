import type { Json, JsonObject } from './model.ts';

/** Reads a document by absolute URI (`file:///…`, `https://…`). Throws when it is not there; the loader adds the position of the reference. */
export type ReadDocument = (uri: string) => Promise<string>;

/** What an expression sees (CommandLineTool §4). */
export interface ExpressionContext {
  inputs: JsonObject;
  self: Json;
  /** Only for expressions of a tool. */
  runtime?: JsonObject;
}

/** One JavaScript evaluation; parameter references never come here. */
export interface JavaScriptTask {
  /** `$(…)` content when kind is expression, function body of `${…}` when body. */
  kind: 'expression' | 'body';
  source: string;
  context: ExpressionContext;
  /** expressionLib texts, evaluated once per context, in order. */
  library: string[];
  /** What `Date` shows (RFC 3339), so that the same run evaluates to the same values. Absent: the clock of the evaluator. */
  now?: string;
  /** Seeds `Math.random`. */
  seed?: string;
}

/** Evaluates JavaScript in a sandbox. Rejects with an ExpressionError that carries the expression and a plain reason. */
export type EvaluateJavaScript = (task: JavaScriptTask) => Promise<Json>;

/** A file or directory that a tool left in its output directory. `path` is absolute as the tool saw it, `target` what a symlink says. */
export interface OutputEntry {
  path: string;
  type: 'file' | 'directory' | 'symlink' | 'other';
  size: number;
  target?: string;
}

/**
 * The door to a tool's files while its output is collected. Implemented over the local file system by libs/sandbox, over the uploader's listing
 * on Kubernetes. Paths are as the tool saw them. While inputs are completed, a value that is not staged yet is asked for by its location.
 */
export interface ToolFiles {
  /** Every entry under `directory`, not following symlinks, sorted by path in the C locale. */
  list(directory: string): Promise<OutputEntry[]>;
  /** The entry itself, also where it is a link; undefined where there is none. */
  stat(path: string): Promise<OutputEntry | undefined>;
  /** First `limit` bytes as UTF-8 text. */
  readText(path: string, limit: number): Promise<string>;
  /** CWL checksum `sha1$hex` of the whole file. */
  checksum(path: string): Promise<string>;
}
