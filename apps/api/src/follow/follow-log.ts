import { StepLog } from '@runnel/contracts';
import type { DataOf } from '@runnel/contracts';
import { subscribeEphemeral } from '@runnel/messaging';
import type { ApiContext } from '../context.ts';
import { findRun } from '../runs/find-run.ts';
import { isFinal, type RunRow } from '../runs/run-row.ts';
import { findStep } from '../runs/find-steps.ts';
import type { StepRow } from '../runs/find-steps.ts';
import { logObjects, readLog } from '../runs/stored-log.ts';
import { createMailbox } from './mailbox.ts';

type Piece = DataOf<typeof StepLog>;
type Services = Pick<ApiContext, 'database' | 'objects' | 'messaging'>;

/** Milliseconds between looks at Postgres and the store while nothing comes live, and when a piece is missing. */
const calm = 1000;
const eager = 100;
/** Pieces that wait for a slow reader; what is dropped is read from the store. */
const capacity = 64;

/**
 * The log of a step's current attempt while it is written: what is stored, then live pieces where they continue it, and the store again where one
 * is missing. Ends with the step, with the run, or when the signal aborts; a new attempt is followed after the one before.
 */
export async function* followLog(services: Services, run: RunRow, step: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const mailbox = createMailbox<Piece>(capacity);
  const subscription = subscribeEphemeral(services.messaging, StepLog, { token: run.executingWorkspace }, ({ data }) => {
    if (data.run === run.id && data.step === step) mailbox.post(data);
  });
  let attempt = 0;
  let offset = 0;
  let pause = calm;
  try {
    while (!signal.aborted) {
      const row = await findStep(services.database, run.id, step);
      if (row && row.attempt !== attempt) [attempt, offset] = [row.attempt, 0];
      if (row) {
        for await (const chunk of readLog(services.objects, await logObjects(services.objects, run, row), offset)) {
          offset += chunk.length;
          yield chunk;
        }
      }
      if (await isOver(services, run, row)) return;
      const { items } = await mailbox.take(pause, signal);
      pause = calm;
      for (const piece of items.filter((one) => one.attempt === attempt)) {
        const bytes = continuation(piece, offset);
        if (!bytes) pause = eager;
        else {
          offset += bytes.length;
          yield bytes;
        }
      }
    }
  } finally {
    void subscription.close().catch(() => undefined);
  }
}

/** The piece's bytes if it begins where we are. One with replaced characters is not what was written: the store has it. */
function continuation({ offset, text }: Piece, at: number): Buffer | undefined {
  return offset === at && !text.includes('\ufffd') ? Buffer.from(text) : undefined;
}

/** Nothing more will be written: the attempt ended and is the last one, or the run did. */
async function isOver({ database }: Services, run: RunRow, row: StepRow | undefined): Promise<boolean> {
  if (row?.state === 'successful') return true;
  if (row?.state === 'failed' && row.failure !== null && !triedAgain.includes(row.failure.class)) return true;
  // A failed attempt may be followed by another: that is known once the run is over.
  const waits = row === undefined || row.state === 'failed' || row.state === 'stopped' || row.state === 'waiting';
  const now = waits ? await findRun(database, run.workspace, run.id) : undefined;
  return now !== undefined && isFinal(now.phase);
}

/** Classes of failures after which the engine may try again. */
const triedAgain = ['executor-lost', 'infrastructure', 'staging'];
