import { z } from 'zod';

/** Tenant id; also the first segment of every object key. */
export const Workspace = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,38}[a-z0-9]$/)
  .describe('tenant');
/** Owns what comes with the release (built-in processes). No tenant has this name. */
export const systemWorkspace = 'system';
/** Where callers without a token run what is public. No tenant has this name. */
export const publicWorkspace = 'public';
/** A name that a tenant may have. */
export const TenantWorkspace = Workspace.refine((name) => name !== systemWorkspace && name !== publicWorkspace, 'this name is reserved');
/** UUIDv7 of a run. */
export const RunId = z.uuid().describe('run, a UUIDv7');
/** Path of a step in its run: `tile`, scattered `tile[3]`, nested `tile[3][0]`, in a subworkflow `mosaic/merge`. */
export const StepPath = z.string().min(1).max(1000).describe('path of the step in its run: `tile[3]`');
/** Counts from 1. */
export const Attempt = z.int().min(1).describe('attempt at the step, from 1');
/** Name of an executor. */
export const Executor = z.string().describe('executor');
/** RFC 3339, UTC, milliseconds. */
export const Timestamp = z.iso.datetime();
export const ObjectKey = z.string().min(1).max(1024).describe('key in the object store');

/**
 * A JSON value too large for a message (over 256 KiB), or one element of it: it stands wherever a value may stand, and whoever needs the value
 * reads the object. `index` picks an element of a stored list.
 */
export const StoredValue = z.object({ $stored: z.object({ key: ObjectKey, index: z.int().min(0).optional() }) });
export type StoredValue = z.infer<typeof StoredValue>;

/** Any JSON value, in which StoredValue objects may stand for parts. */
export const Value = z.json();

/** One attempt at one step. */
export const attemptFields = { workspace: Workspace, run: RunId, step: StepPath, attempt: Attempt };

/** What an attempt used; seconds, bytes. */
export const Usage = z.object({
  wallSeconds: z.number().min(0),
  cpuSeconds: z.number().min(0),
  /** Peak resident memory of the process tree. */
  maxMemoryBytes: z.number().min(0),
  cores: z.number().min(0),
  memoryMiB: z.number().min(0),
  inputBytes: z.number().min(0),
  outputBytes: z.number().min(0),
});
export type Usage = z.infer<typeof Usage>;

/** Why an attempt failed; decides whether it is retried (rule: infrastructure is, the tool's own fault is not). */
export const FailureClass = z.enum([
  'tool',
  'out-of-memory',
  'time-limit',
  'output-limit',
  'outputs',
  'expression',
  'inputs',
  'image',
  'unschedulable',
  'staging',
  'executor-lost',
  'stopped',
  'infrastructure',
]);
export type FailureClass = z.infer<typeof FailureClass>;

export const Failure = z.object({
  class: FailureClass,
  /** One plain sentence for the user. */
  reason: z.string().max(4000),
  exitCode: z.int().optional(),
  signal: z.string().optional(),
  /** Last lines of the step's log, at most 2 KiB. */
  logTail: z.string().max(4096).optional(),
});
export type Failure = z.infer<typeof Failure>;

export const RunStatus = z.enum(['accepted', 'running', 'publishing', 'successful', 'failed', 'dismissed']);
export type RunStatus = z.infer<typeof RunStatus>;
