import { Worker } from 'node:worker_threads';
import type { Diagnostic, ProcessDescription } from '@runnel/cwl';
import type { Logger } from '@runnel/service';

/** A document to load: its text, or an address to fetch it from (only allowed hosts). */
export interface DocumentRequest {
  readonly text?: string;
  readonly address?: string;
  /** Id of the process to run; default: the first Workflow. */
  readonly entry?: string | undefined;
}

export type LoadOutcome =
  | {
      readonly kind: 'loaded';
      readonly digest: string;
      /** Canonical JSON of the package, whose sha256 is the digest. */
      readonly text: string;
      readonly entry: string;
      readonly description: ProcessDescription;
      /** The document itself. */
      readonly source: string;
      /** Web addresses of files that it names, in defaults for example. */
      readonly files: readonly string[];
    }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'no-such-entry'; readonly entries: readonly string[] };

export interface DocumentLoader {
  load(request: DocumentRequest): Promise<LoadOutcome>;
  close(): Promise<void>;
}

export interface LoaderOptions {
  /** Hosts from which documents may be fetched. */
  readonly hosts: readonly string[];
  readonly logger: Logger;
  /** Milliseconds one document may take; default 30,000. */
  readonly timeout?: number;
}

/** MiB of memory that reading one document may take: 10 MB of YAML become some hundred MB of nodes. */
const memory = 768;

interface Waiting {
  readonly request: DocumentRequest;
  readonly settle: (outcome: LoadOutcome | Error) => void;
}

/**
 * Loads and checks documents of users in a thread of their own, one after the other: whatever they hold, requests are answered meanwhile, and
 * a document that takes too long or too much memory ends with its thread.
 */
export function openDocumentLoader(options: LoaderOptions): DocumentLoader {
  const waiting: Waiting[] = [];
  let worker: Worker | undefined;
  let current: Waiting | undefined;
  let timer: NodeJS.Timeout | undefined;

  const finish = (outcome: LoadOutcome | Error): void => {
    clearTimeout(timer);
    const done = current;
    current = undefined;
    done?.settle(outcome);
    next();
  };
  const giveUp = (reason: string): void => {
    const ended = worker;
    worker = undefined;
    void ended?.terminate();
    finish(limitReached(reason));
  };
  const start = (): Worker => {
    const started = createWorker(options.hosts);
    started.on('message', (outcome: LoadOutcome) => worker === started && finish(outcome));
    started.on('error', (error) => {
      if (worker !== started) return;
      worker = undefined;
      if (Reflect.get(error, 'code') === 'ERR_WORKER_OUT_OF_MEMORY') finish(limitReached(`it takes more than ${memory} MiB of memory`));
      else finish(error);
    });
    started.unref();
    return started;
  };
  const next = (): void => {
    if (current) return;
    current = waiting.shift();
    if (!current) return;
    worker ??= start();
    const timeout = options.timeout ?? 30_000;
    timer = setTimeout(() => giveUp(`it takes more than ${timeout / 1000} s to read`), timeout);
    worker.postMessage(current.request);
  };

  return {
    load: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ request, settle: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)) });
        next();
      }),
    close: async () => {
      const ended = worker;
      worker = undefined;
      for (const { settle } of waiting.splice(0)) settle(new Error('the service stops'));
      if (current) finish(new Error('the service stops'));
      await ended?.terminate();
    },
  };
}

/** Source and build differ in the extension, and only from source packages are found by the condition that names their sources. */
function createWorker(hosts: readonly string[]): Worker {
  const source = import.meta.url.endsWith('.ts');
  return new Worker(new URL(source ? './load-worker.ts' : './load-worker.js', import.meta.url), {
    workerData: { hosts },
    env: {},
    execArgv: source ? ['--conditions=@runnel/source', '--no-warnings'] : [],
    resourceLimits: { maxOldGenerationSizeMb: memory },
  });
}

function limitReached(reason: string): LoadOutcome {
  return {
    kind: 'refused',
    diagnostics: [{ severity: 'error', code: 'limit-exceeded', message: `the document is too costly: ${reason}`, path: '' }],
  };
}
