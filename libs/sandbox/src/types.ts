import type { CwlPackage, Json, JsonObject, Requirement } from '@runnel/cwl';

/** What separates a tool from its host and its neighbours. */
export interface IsolationMode {
  /** A uid of its own per slot (root only). */
  uid: boolean;
  /** mount, pid, ipc (and, without NetworkAccess, net) namespaces by unshare or bubblewrap. */
  namespaces: 'unshare' | 'bubblewrap' | 'none';
}

/** One process to run; everything is decided, nothing is looked up any more. Paths are absolute. */
export interface SpawnRequest {
  argv: string[];
  /** The whole environment: nothing is inherited. */
  env: Record<string, string>;
  cwd: string;
  stdin?: string;
  /** Redirections, relative to nothing; absent: the stream goes to the log. */
  stdout?: string;
  stderr?: string;
  /** File for what is not redirected; written only when there is something to write. */
  log: string;
  /** Seconds of wall time from exec; absent: no limit. */
  timeLimit?: number;
  memoryLimitMiB?: number;
  /** Bytes that may be written below `writable`. */
  outputLimitBytes?: number;
  network: boolean;
  /** Writable for the tool (its output and temporary directory); with isolation everything else of the work root is out of its reach. */
  writable: string[];
  /** Folders of the attempt that the tool may read but not write (its inputs). */
  readable: string[];
  /** Files and folders that the tool sees elsewhere than they are. Read-only unless `writable`. */
  binds: { source: string; target: string; writable?: boolean }[];
  /** Root file system of a local image. */
  root?: string;
  /** Run when the command was killed: ends what it started elsewhere, a container. */
  removal?: { argv: string[]; env: Record<string, string> };
}

export interface SpawnResult {
  /** As a shell says it: 128 + n where signal n ended the tool. */
  exitCode: number;
  /** Set where the exit code is 128 + the number of a signal. */
  signal?: string;
  /** Which limit ended it. */
  limit?: 'time' | 'memory' | 'output';
  cancelled?: true;
  wallSeconds: number;
  /** User and system time of the tool and of the children it waited for. */
  cpuSeconds: number;
  /** By control group (page cache included) or by looking four times a second; 0: it ended before it was looked at. */
  maxMemoryBytes: number;
  /** Last lines of what went to the log. */
  logTail: string;
  /** Bytes written to the log, of which `logGap` were not kept. */
  logBytes: number;
  logGap: number;
}

/** A tool that was started. */
export interface RunningTool {
  result: Promise<SpawnResult>;
  /** Ends it at once; resolves when nothing of it is left (`result` then says `cancelled`). */
  cancel(): Promise<void>;
}

export interface SpawnHooks {
  /** Live pieces of the log: at most 256 KiB each, at least every second, only up to the head that is kept. */
  onLog?: (chunk: Buffer) => void;
}

/** Starts tools, several at a time; each gets a slot of its own (namespaces, uid) for as long as it runs. */
export interface Spawner {
  readonly isolation: IsolationMode;
  run(request: SpawnRequest, hooks?: SpawnHooks): RunningTool;
  /** Ends everything that runs; resolves when nothing is left. */
  close(): Promise<void>;
}

/** `images.json`: what stands for a container image where there is no registry. */
export interface LocalImage {
  /** Root file system to enter, or … */
  root?: string;
  /** … a folder whose programs stand for the image (put first on PATH). */
  bin?: string;
  /** Further folders that its programs read: they stay visible to tools. */
  needs?: string[];
  entrypoint?: string[];
  env?: Record<string, string>;
}

/** Where the files of values come from and go to: the object store for executors, the local disk for runnel-cwl. */
export interface FileExchange {
  /** Path where the file at `location` stands and can be read by tools without being brought in; its name is that of the location. */
  resident?(location: string): string | undefined;
  /** Makes the file or directory at `location` readable at `path` on the local disk; returns its path when it can be used where it stands. */
  bringIn(location: string, path: string): Promise<string>;
  /** Path of the original at `location`, for tools that may change it (InplaceUpdateRequirement). Absent: originals are never changed. */
  original?(location: string): string | undefined;
  /** Keeps an output file; returns its location, sha1 checksum and size. Called once per file of the final output object. */
  takeOut(path: string): Promise<{ location: string; checksum: string; size: number }>;
  /** Keeps an output directory as a whole and returns its location. Absent: its files are kept one by one, and the value has a listing. */
  takeOutDirectory?(path: string): Promise<string>;
}

/** What an administrator or a user allows a step; absent limits do not hold. */
export interface StepLimits {
  /** Most seconds, also where ToolTimeLimit says more or nothing. */
  timeLimit?: number;
  /** For steps that ask for none; what ResourceRequirement.ramMax says counts first. Absent: memory is not limited at all. */
  memoryLimitMiB?: number;
  outputLimitBytes?: number;
  /** `on-request`: NetworkAccess opens the host's network; `never`: it is refused. */
  network: 'on-request' | 'never';
  /** PATH of tools that run with the host's programs. */
  path: string;
}

/** What attempts whose folders stand beside each other share. */
export interface Beside {
  /** Temporary folders that ended attempts left empty: renamed for the next ones, for to make a folder takes several times as long. */
  spare: SpareFolder[];
}

export interface SpareFolder {
  path: string;
  /** Its modification time in milliseconds, where it is so long ago that another change would show: then it need not be read to know it empty. */
  unchangedSince?: number;
}

/** One attempt, as `carryOut` takes it from the executor or from runnel-cwl. */
export interface StepAttempt {
  package: CwlPackage;
  process: string;
  inputs: JsonObject;
  requirements: Requirement[];
  hints: Requirement[];
  /** Fresh, empty directory for this attempt; where `beside` is given it is only made if something is to be put in it. */
  directory: string;
  /** Output and temporary folder stand beside `directory` instead of in it: one folder less to make and to remove. Not with a uid of its own. */
  beside?: Beside;
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
  usage: {
    wallSeconds: number;
    cpuSeconds: number;
    maxMemoryBytes: number;
    cores: number;
    memoryMiB: number;
    inputBytes: number;
    outputBytes: number;
  };
}
