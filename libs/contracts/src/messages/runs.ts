import { z } from 'zod';
import { event } from '../contract.ts';
import { ObjectKey, RunId, RunStatus, StepPath, Value, Workspace } from '../shapes.ts';
import { run } from './golden.ts';

export const RunAccepted = event('run.accepted', 1, z.object({ workspace: Workspace, run: RunId }), {
  dedupe: 'state',
  delivery: 'work',
  routedBy: 'run',
  from: ['api'],
  to: ['scheduler'],
  summary: 'api: a run was accepted and stored; its owner in the scheduler starts it.',
  golden: { workspace: 'demo', run },
});

export const RunDismissed = event('run.dismissed', 1, z.object({ workspace: Workspace, run: RunId }), {
  dedupe: 'state',
  delivery: 'work',
  routedBy: 'run',
  from: ['api'],
  to: ['scheduler', 'ingester'],
  summary: 'api: a run was dismissed; final for its readers, the scheduler stops what still runs, the ingester removes what was published.',
  golden: { workspace: 'demo', run },
});

export const RunOutputsReady = event(
  'run.outputs-ready',
  1,
  z.object({
    workspace: Workspace,
    run: RunId,
    process: z.object({ workspace: Workspace, id: z.string(), version: z.string() }),
    outputs: z.record(z.string(), Value),
  }),
  {
    dedupe: 'key',
    delivery: 'work',
    routedBy: 'none',
    from: ['scheduler'],
    to: ['ingester'],
    summary:
      'scheduler: every step ended well; the ingester publishes these outputs, which are more than small values (those the scheduler publishes itself).',
    golden: { workspace: 'demo', run, process: { workspace: 'demo', id: 'wide', version: '1' }, outputs: { all: ['a'] } },
  },
);

export const ResultsPublished = event('results.published', 1, z.object({ workspace: Workspace, run: RunId, document: ObjectKey }), {
  dedupe: 'state',
  delivery: 'work',
  routedBy: 'run',
  from: ['ingester'],
  to: ['scheduler'],
  summary: 'ingester: results and catalogue entry stand; `document` is the result document (OGC results.yaml shape).',
  golden: { workspace: 'demo', run, document: `demo/results/${run}/results.json` },
});

export const ResultsRefused = event('results.refused', 1, z.object({ workspace: Workspace, run: RunId, reason: z.string().max(4000) }), {
  dedupe: 'state',
  delivery: 'work',
  routedBy: 'run',
  from: ['ingester'],
  to: ['scheduler'],
  summary: 'ingester: these outputs cannot be published, for this reason; the run fails.',
  golden: { workspace: 'demo', run, reason: 'catalog.json names an item that is not there: item.json' },
});

export const RunStatusChanged = event(
  'run.status',
  1,
  z.object({
    workspace: Workspace,
    run: RunId,
    version: z.int().min(0).describe("version of the run's last event: the SSE id"),
    status: RunStatus,
    progress: z.int().min(0).max(100).describe('per cent'),
    message: z.string(),
    steps: z
      .array(
        z.object({
          step: StepPath,
          attempt: z.int(),
          status: z.enum(['requested', 'running', 'successful', 'failed', 'skipped', 'waiting']),
        }),
      )
      .max(100)
      .describe('steps that changed since the last news of this run; a follower that needs all reads the steps'),
  }),
  {
    dedupe: 'state',
    delivery: 'status',
    routedBy: 'workspace',
    from: ['scheduler', 'api'],
    to: ['api'],
    summary: 'scheduler and api: for followers (SSE, synchronous waits); may be lost, Postgres has the truth.',
    golden: {
      workspace: 'demo',
      run,
      version: 4,
      status: 'running',
      progress: 10,
      message: 'running',
      steps: [{ step: 'tile[3]', attempt: 1, status: 'running' }],
    },
  },
);
