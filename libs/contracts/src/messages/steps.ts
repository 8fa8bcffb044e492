import { z } from 'zod';
import { event } from '../contract.ts';
import { attemptFields, Executor, Failure, ObjectKey, RunId, StepPath, Timestamp, Usage, Value, Workspace } from '../shapes.ts';
import { Toleration, WorkspaceImages } from '../workspace-settings.ts';
import { attempt, run, usage } from './golden.ts';

export const GrantsWritten = event('grants.written', 1, z.object({ run: RunId }), {
  dedupe: 'state',
  delivery: 'ephemeral',
  routedBy: 'run',
  from: ['scheduler'],
  to: ['scheduler'],
  summary:
    'scheduler (admitter): grants for this run stand in the table; its owner turns them into requests. Lost ones are found by the reconciler.',
  golden: { run },
});

export const StepRequested = event(
  'step.requested',
  1,
  z.object({
    ...attemptFields,
    executor: Executor,
    process: z
      .object({ workspace: Workspace, digest: z.string(), id: z.string() })
      .describe('package by owning workspace and digest (object `{workspace}/packages/{digest}.json`), and the process in it'),
    inputs: z.record(z.string(), Value).describe('job object of the tool'),
    requirements: z
      .array(z.looseObject({ class: z.string() }))
      .describe('requirements in force, those of the process itself excluded, nearest last'),
    reuse: ObjectKey.optional().describe('results of the run from which this one goes on, by what their steps did'),
    hints: z.array(z.looseObject({ class: z.string() })).describe('hints in force, likewise'),
    acceptedAt: Timestamp.describe('when the run was accepted: `Date` in expressions'),
    secrets: z.literal(true).optional().describe('it is given secrets: the executor asks for them (`secrets.asked`)'),
    images: WorkspaceImages.optional().describe('images of the workspace'),
    nodeSelector: z.record(z.string(), z.string()).optional().describe('labels of the nodes on which pods of the workspace run'),
    tolerations: z.array(Toleration).optional().describe('taints of nodes on which they may run all the same'),
    priorityClass: z.string().optional().describe('PriorityClass of its pods'),
  }),
  {
    dedupe: 'state',
    delivery: 'work',
    routedBy: 'shard',
    from: ['scheduler'],
    to: ['executor'],
    summary: 'scheduler: carry out this attempt of this step.',
    golden: {
      ...attempt,
      executor: 'x-1',
      process: { workspace: 'demo', digest: 'a'.repeat(64), id: 'say' },
      inputs: { i: 3 },
      requirements: [],
      hints: [],
      acceptedAt: '2026-11-21T12:00:00.000Z',
    },
  },
);

export const StepStarted = event('step.started', 1, z.object({ ...attemptFields, executor: Executor, at: Timestamp }), {
  dedupe: 'state',
  delivery: 'work',
  routedBy: 'run',
  from: ['executor'],
  to: ['scheduler'],
  summary: 'executor: the attempt is mine and under way. Of a short one only its end is told.',
  golden: { ...attempt, executor: 'x-1', at: '2026-11-21T12:00:00.000Z' },
});

export const StepWaiting = event('step.waiting', 1, z.object({ ...attemptFields, executor: Executor, reason: z.string() }), {
  dedupe: 'state',
  delivery: 'work',
  routedBy: 'run',
  from: ['executor'],
  to: ['scheduler'],
  summary: 'executor: the backend cannot start this attempt now; the slot is handed back.',
  golden: { ...attempt, executor: 'x-1', reason: 'the executor is shutting down' },
});

export const StepFinished = event(
  'step.finished',
  1,
  z.object({
    ...attemptFields,
    executor: Executor,
    startedAt: Timestamp,
    finishedAt: Timestamp,
    outcome: z.enum(['success', 'failed']),
    failure: Failure.optional().describe('why it failed'),
    outputs: z.record(z.string(), Value).describe('CWL output object by output id; large values are stored'),
    result: ObjectKey.describe("the attempt's result object, written before this message"),
    usage: Usage.describe('seconds, bytes, cores, MiB'),
    logs: z.array(z.object({ key: ObjectKey, size: z.int().min(0) })).describe('log objects in order'),
    reuseKey: z.string().max(64).optional().describe('what it did with which inputs: whoever would do the same may take its result'),
    reused: z
      .object({ run: RunId, step: StepPath, attempt: z.int().min(1) })
      .optional()
      .describe('whose result this is: nothing was carried out'),
  }),
  {
    dedupe: 'state',
    delivery: 'work',
    routedBy: 'run',
    from: ['executor'],
    to: ['scheduler', 'ingester'],
    summary: 'executor: the attempt ended; scheduler decides what follows, ingester writes the usage ledger.',
    golden: {
      ...attempt,
      executor: 'x-1',
      startedAt: '2026-11-21T12:00:00.000Z',
      finishedAt: '2026-11-21T12:00:01.000Z',
      outcome: 'success',
      outputs: { word: 'done' },
      result: `demo/attempts/${run}/tile[3]/1/result.json`,
      usage,
      logs: [],
    },
  },
);

export const StepStop = event(
  'step.stop',
  1,
  z.object({ workspace: Workspace, run: RunId, steps: z.array(z.object({ step: StepPath, attempt: z.int() })), executor: Executor }),
  {
    dedupe: 'state',
    delivery: 'work',
    routedBy: 'shard',
    from: ['scheduler'],
    to: ['executor'],
    summary: 'scheduler: stop these attempts and confirm each with step.stopped.',
    golden: { workspace: 'demo', run, steps: [{ step: 'tile[3]', attempt: 1 }], executor: 'x-1' },
  },
);

export const StepStopped = event('step.stopped', 1, z.object({ ...attemptFields, executor: Executor }), {
  dedupe: 'state',
  delivery: 'work',
  routedBy: 'run',
  from: ['executor'],
  to: ['scheduler'],
  summary: 'executor: nothing of this attempt runs any more.',
  golden: { ...attempt, executor: 'x-1' },
});

export const StepLog = event(
  'step.log',
  1,
  z.object({ ...attemptFields, offset: z.int().min(0).describe("bytes before this text in the step's log"), text: z.string() }),
  {
    dedupe: 'state',
    delivery: 'ephemeral',
    routedBy: 'workspace',
    from: ['executor'],
    to: ['api'],
    summary: 'executor: live tail of a step; the log objects have the truth.',
    golden: { ...attempt, offset: 0, text: 'hello\n' },
  },
);
