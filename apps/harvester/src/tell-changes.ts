import { createHash } from 'node:crypto';
import { HarvestChanged, type DataOf } from '@runnel/contracts';
import { outboxRows, outgoing, type Messaging, type Relay } from '@runnel/messaging';
import { putValue, type ObjectStore } from '@runnel/objects';
import { inTransaction, insertOutbox, query, type Database, type Transaction } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { movePosition, nextMove, type Place } from './positions.ts';
import { keepUntilHeard } from './unheard.ts';

/** What the harvester works with. */
export interface HarvesterParts {
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly messaging: Messaging;
  readonly relay: Pick<Relay, 'kick'>;
  /** Folder of the copies of repositories. */
  readonly workDir: string;
}

/** A changed file, before it was read. */
export interface FoundChange {
  readonly path: string;
  readonly change: 'added' | 'updated' | 'deleted';
  readonly previousPath?: string | undefined;
  /** Why it is not read. */
  readonly refused?: string | undefined;
  /** What `read` finds it by; absent: it is not read. */
  readonly content?: { readonly ref: string; readonly size: number } | undefined;
}

/** Contents in the order of the references; undefined: it is gone meanwhile. */
export type Read = (refs: readonly string[]) => Promise<(Buffer | undefined)[]>;

type Change = DataOf<typeof HarvestChanged>['changes'][number];

/** Bytes of a file that is read at all: what may be uploaded may be harvested. */
export const largestFile = 10 * 1024 * 1024;
/** Characters of a content that travels in its message, as JSON; a longer one is an object, and the message names it. */
const inMessage = 200_000;
/** Characters of changes in one message. */
const messageSize = 300_000;
/** Bytes and files that are read at once. */
const readAtOnce = { bytes: 4 * 1024 * 1024, files: 2000 };

export interface Told {
  readonly place: Place;
  readonly source: 'git' | 'files';
  readonly commit: string;
  readonly changes: readonly FoundChange[];
  readonly read: Read;
  /** Joins the transaction that moves the position. */
  readonly also?: (tx: Transaction) => Promise<void>;
}

/**
 * Queues what changed, in messages of a bounded size, and moves the position with them: told is all of it or nothing, for what would be told again
 * after a crash is another difference if the source has moved on. Of a commit of any size only a few megabytes are in memory. Who handles it knows a
 * file of a commit by (repository, branch, path, commit).
 */
export async function tellChanges(parts: HarvesterParts, told: Told): Promise<void> {
  const { place, source, commit } = told;
  const { database, messaging } = parts;
  const move = await nextMove(database, place);
  await inTransaction(database, async (tx) => {
    for await (const changes of batches(parts, told, move)) {
      const message = outgoing(HarvestChanged, { ...place, source, commit, move, changes });
      crashPoint('harvester.tell.before-write');
      const rows = outboxRows(messaging, [message]);
      await insertOutbox(tx, rows);
      crashPoint('harvester.tell.between-writes');
      const paths = changes.map(({ path }) => path);
      for (const row of rows) await keepUntilHeard(tx, place, commit, paths, row);
    }
    await told.also?.(tx);
    await query(tx, movePosition(place, commit));
  });
  crashPoint('harvester.tell.after-move');
  parts.relay.kick();
}

async function* batches(parts: HarvesterParts, told: Told, move: number): AsyncGenerator<Change[]> {
  let batch: Change[] = [];
  let size = 0;
  for (const part of readable(told.changes)) {
    const contents = await told.read(part.flatMap(({ content }) => content?.ref ?? []));
    for (const { content, ...found } of part) {
      const change = content === undefined ? found : await withContent(parts, told.place, move, found, contents.shift());
      const length = JSON.stringify(change).length;
      if (size + length > messageSize && batch.length > 0) {
        yield batch;
        batch = [];
        size = 0;
      }
      batch.push(change);
      size += length;
    }
  }
  if (batch.length > 0) yield batch;
}

/** Parts whose contents may be in memory together. */
function* readable(changes: readonly FoundChange[]): Generator<FoundChange[]> {
  let part: FoundChange[] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = change.content?.size ?? 0;
    if (part.length > 0 && (part.length === readAtOnce.files || bytes + size > readAtOnce.bytes)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(change);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

async function withContent(
  { objects }: HarvesterParts,
  place: Place,
  move: number,
  found: Omit<FoundChange, 'content'>,
  bytes: Buffer | undefined,
): Promise<Change> {
  if (bytes === undefined) return { ...found, refused: 'it was gone when it was read' };
  let content: string;
  try {
    content = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { ...found, refused: 'it is not UTF-8 text' };
  }
  if (JSON.stringify(content).length <= inMessage) return { ...found, content };
  const name = createHash('sha256').update(`${place.repository}\n${place.branch}\n${move}\n${found.path}`).digest('hex');
  const key = `${place.workspace}/values/harvest/${name}`;
  await putValue(objects, key, content);
  return { ...found, content: { $stored: { key } } };
}
