import type { CwlPackage, Json, JsonObject, Requirement } from '@runnel/cwl';

/** What separates a tool from its host and its neighbours. */
export interface IsolationMode {
  /** A uid of its own per slot (root only). */
  uid: boolean;
  /** mount, pid (and, without NetworkAccess, net) namespaces by unshare or bubblewrap. */
  namespaces: 'unshare' | 'bubblewrap' | 'none';
}

/** One process to run; everything is decided, nothing is looked up any more. */
export interface SpawnRequest {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  stdin?: string;
  /** Absolute paths of redirections; absent: the stream goes to the log. */
  stdout?: string;
  stderr?: string;
  /** Seconds of wall time from exec; absent: no limit. */
  timeLimit?: number;
  memoryLimitMiB?: number;
  /** Bytes that may be written below cwd and tmpdir. */
  outputLimitBytes?: number;
  network: boolean;
  isolation: IsolationMode;
  /** Writable for the tool (its output and temporary directory); everything else of the data folder is masked. */
  writable: string[];
  /** Read-only binds: source on the host → path as the tool sees it. */
  readable: { source: string; target: string }[];
  /** Root file system of a local image. */
  root?: string;
  uid?: number;
}

export interface SpawnResult {
  exitCode?: number;
  signal?: string;
  /** Which limit ended it. */
  limit?: 'time' | 'memory' | 'output';
  wallSeconds: number;
  cpuSeconds: number;
  maxMemoryBytes: number;
}

/** `images.json`: what stands for a container image where there is no registry. */
export interface LocalImage {
  /** Root file system to enter, or … */
  root?: string;
  /** … a folder whose programs stand for the image (put first on PATH). */
  bin?: string;
  entrypoint?: string[];
  env?: Record<string, string>;
}

/** Where the files of values come from and go to: the object store for executors, the local disk for runnel-cwl. */
export interface FileExchange {
  /** Makes the file or directory at `location` readable at `path` on the local disk; returns its path when it can be used where it stands. */
  bringIn(location: string, path: string): Promise<string>;
  /** Keeps an output file; returns its location, sha1 checksum and size. Called once per file of the final output object. */
  takeOut(path: string): Promise<{ location: string; checksum: string; size: number }>;
}

/** One attempt, as `carryOut` takes it from the executor or from runnel-cwl. */
export interface StepAttempt {
  package: CwlPackage;
  process: string;
  inputs: JsonObject;
  requirements: Requirement[];
  hints: Requirement[];
  /** Fresh, empty directory for this attempt. */
  directory: string;
  /** For messages and names. */
  name: string;
  acceptedAt: string;
  seed: string;
}

export interface StepOutcome {
  outcome: 'success' | 'failed';
  outputs: { [id: string]: Json };
  failure?: { class: string; reason: string; exitCode?: number; signal?: string; logTail?: string };
  startedAt: string;
  finishedAt: string;
  usage: { wallSeconds: number; cpuSeconds: number; maxMemoryBytes: number; cores: number; memoryMiB: number; inputBytes: number; outputBytes: number };
}
