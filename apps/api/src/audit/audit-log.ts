import { insertEntries } from '@runnel/access';
import type { AuditEntry } from '@runnel/access';
import type { Database } from '@runnel/postgres';

/** Where decisions are written down that refuse somebody or cross workspaces. */
export interface AuditLog {
  /** Resolves once the entry is committed: what it allows must not happen before. Rejects where Postgres is away. */
  record(entry: AuditEntry): Promise<void>;
  /** Counts it among those like it, which are written down together by `flush`: anybody can send requests without a token in any number. */
  tally(entry: AuditEntry): void;
  flush(): Promise<void>;
  /** Entries that were written by this process. */
  written(): number;
}

/** Entries of one statement. */
const batch = 200;
/** Kinds of tallied entries between two flushes; what comes beyond is counted without its address. */
const kinds = 100;

interface Waiting {
  readonly entry: AuditEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function openAuditLog(database: Pick<Database, 'pool'>): AuditLog {
  const waiting: Waiting[] = [];
  let writing = false;
  let written = 0;
  const tallied = new Map<string, AuditEntry>();

  /** One statement at a time: what comes meanwhile goes with the next one. */
  const write = async (): Promise<void> => {
    if (writing) return;
    writing = true;
    while (waiting.length > 0) {
      const some = waiting.splice(0, batch);
      await insertEntries(
        database,
        some.map(({ entry }) => entry),
      ).then(
        () => {
          written += some.length;
          some.forEach(({ resolve }) => resolve());
        },
        (error: unknown) => some.forEach(({ reject }) => reject(error)),
      );
    }
    writing = false;
  };
  const record = (entry: AuditEntry): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ entry, resolve, reject });
      void write();
    });
  const count = (entry: AuditEntry): void => {
    const { workspace, principal, reason, action, address } = entry;
    const key = JSON.stringify([workspace, principal, reason, action, address]);
    const known = tallied.get(key);
    if (known) tallied.set(key, { ...known, times: known.times + entry.times });
    else if (tallied.size < kinds || address === null) tallied.set(key, entry);
    else count({ ...entry, workspace: null, address: null });
  };
  return {
    record,
    written: () => written,
    tally: (entry) => count({ ...entry, method: null, target: null, request: null }),
    async flush() {
      const entries = [...tallied.values()];
      tallied.clear();
      try {
        await Promise.all(entries.map(record));
      } catch (error) {
        // They are counted on until they can be written.
        for (const entry of entries) count(entry);
        throw error;
      }
    },
  };
}
