import { StringDecoder } from 'node:string_decoder';
import type { ObjectStore } from '@runnel/objects';
import { crashPoint } from '@runnel/service';

/** Bytes and milliseconds after which what was written becomes an object of its own. */
const chunkBytes = 256 * 1024;
const chunkMilliseconds = 1000;
/** Bytes of `tailText`. */
const tailBytes = 2048;

export interface LogObject {
  key: string;
  size: number;
}

/** The log of one attempt: chunks of it become objects while it runs, followers see each at once. */
export interface OpenStepLog {
  write(chunk: Buffer): void;
  /** The last lines so far, for the reason of a failure. */
  tailText(): string;
  /** A line of our own, marked as such, behind what the tool wrote. */
  tell(this: void, text: string): void;
  /** Writes what is left; resolves with all chunks in order. */
  end(): Promise<LogObject[]>;
}

interface LogPorts {
  store: ObjectStore;
  /** Key prefix of this attempt's chunks, `{workspace}/logs/{run}/{step}/{attempt}`. */
  prefix: string;
  /** Live tail; may be lost. */
  tail: (offset: number, text: string) => void;
}

export function openStepLog({ store, prefix, tail }: LogPorts): OpenStepLog {
  const decoder = new StringDecoder('utf8');
  const objects: LogObject[] = [];
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let last = Buffer.alloc(0);
  let offset = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pendingBytes === 0) return;
    const body = Buffer.concat(pending, pendingBytes);
    const object = { key: `${prefix}/${objects.length}.log`, size: body.length };
    objects.push(object);
    const text = decoder.write(body);
    if (text !== '') tail(offset, text);
    offset += body.length;
    pending = [];
    pendingBytes = 0;
    writing = writing.then(() => putChunk(store, object.key, body));
    // The fault is reported by end(); until then it must not count as unhandled.
    writing.catch(() => undefined);
  };

  const write = (chunk: Buffer): void => {
    pending.push(chunk);
    last = Buffer.concat([last, chunk]).subarray(-tailBytes);
    pendingBytes += chunk.length;
    if (pendingBytes >= chunkBytes) flush();
    else timer ??= setTimeout(flush, chunkMilliseconds);
  };

  return {
    write,
    tailText: () => last.toString('utf8'),
    tell(text) {
      const begun = last.length > 0 && last.at(-1) !== 0x0a;
      write(Buffer.from(`${begun ? '\n' : ''}[runnel] ${text}\n`));
    },
    async end() {
      flush();
      await writing;
      return objects;
    },
  };
}

async function putChunk(store: ObjectStore, key: string, body: Buffer): Promise<void> {
  crashPoint('executor.log.before-put');
  await store.put(key, body, { contentType: 'text/plain; charset=utf-8', derived: true });
  crashPoint('executor.log.after-put');
}
