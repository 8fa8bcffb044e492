import { z } from 'zod';
import { event } from './contract.ts';
import { attemptFields, Failure, ObjectKey, RunId, RunStatus, StepPath, Timestamp, Usage, Value, Workspace } from './shapes.ts';
import { WorkspaceImages } from './workspace-settings.ts';

const Executor = z.string().describe('executor');
const run = '01936d2e-7c1a-7000-8000-000000000001';
const attempt = { workspace: 'demo', run, step: 'tile[3]', attempt: 1 };
const usage = { wallSeconds: 0.4, cpuSeconds: 0.3, maxMemoryBytes: 1048576, cores: 1, memoryMiB: 256, inputBytes: 10, outputBytes: 20 };

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

export const SecretsAsked = event(
  'secrets.asked',
  1,
  z.object({
    ...attemptFields,
    executor: Executor,
    ask: z.uuid().describe('this question; the answer names it'),
    key: z.string().max(200).describe('X25519 key, made for this question alone, for which the answer is sealed'),
    proof: z.string().max(100).describe('that an executor asks: HMAC with the key it shares with the api'),
  }),
  {
    dedupe: 'state',
    delivery: 'ephemeral',
    routedBy: 'none',
    from: ['executor'],
    to: ['api'],
    summary: 'executor: which secrets is this attempt given? One api answers; asked again where no answer comes.',
    golden: { ...attempt, executor: 'x-1', ask: run, key: 'MCowBQYDK2VuAyEA', proof: '3q2-7w' },
  },
);

export const SecretsGiven = event(
  'secrets.given',
  1,
  z.object({
    executor: Executor,
    ask: z.uuid(),
    sealed: z.string().max(900_000).optional().describe('secrets and secret inputs, readable with the key of the question alone'),
    refused: z.string().max(1000).optional().describe('why there are none'),
  }),
  {
    dedupe: 'state',
    delivery: 'ephemeral',
    routedBy: 'shard',
    from: ['api'],
    to: ['executor'],
    summary: 'api: the secrets of an attempt, sealed for the executor that asked.',
    golden: { executor: 'x-1', ask: run, sealed: '3q2-7w' },
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

export const ExecutorHeartbeat = event(
  'executor.heartbeat',
  1,
  z.object({
    executor: Executor,
    incarnation: z
      .string()
      .default('')
      .describe('another one under the same name: it was started again and has only the attempts it names'),
    backend: z.enum(['process', 'kubernetes']),
    slots: z.int().min(0).describe('steps at the same time'),
    cores: z.number().describe('cores it may hand out'),
    memoryMiB: z.number().describe('memory it may hand out'),
    isolation: z.string().describe('isolation in force'),
    accepting: z.boolean().describe('false while it drains: holds its steps, takes nothing new'),
    full: z.string().max(500).optional().describe('why it takes nothing new for now: a disk that is nearly full'),
    steps: z.array(z.object({ run: RunId, step: StepPath, attempt: z.int() })).describe('attempts that are its own'),
  }),
  {
    dedupe: 'state',
    delivery: 'ephemeral',
    routedBy: 'none',
    from: ['executor'],
    to: ['scheduler'],
    summary: 'executor, every 5 s: I live, these attempts are mine; renews its lease (20 s).',
    golden: {
      executor: 'x-1',
      incarnation: '5f3a1c',
      backend: 'process',
      slots: 2,
      cores: 2,
      memoryMiB: 4096,
      isolation: 'uid+namespaces',
      accepting: true,
      steps: [{ run, step: 'tile[3]', attempt: 1 }],
    },
  },
);

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
    summary: 'scheduler: every step ended well; the ingester publishes these outputs.',
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

export const HarvestChanged = event(
  'harvest.changed',
  1,
  z.object({
    workspace: Workspace,
    source: z.string().describe('git, or files: those of the workspace'),
    repository: z.string(),
    branch: z.string(),
    commit: z.string().describe('of workspace files: the look that found them'),
    move: z.int().min(0).default(0).describe('counts what was told of this branch: news of a lower number are older, whatever clocks say'),
    changes: z.array(
      z.object({
        path: z.string(),
        change: z.enum(['added', 'updated', 'deleted']),
        previousPath: z.string().optional(),
        content: Value.optional(),
        refused: z.string().max(1000).optional().describe('why its content is not here: too large, no regular file'),
      }),
    ),
  }),
  {
    dedupe: 'key',
    delivery: 'work',
    routedBy: 'none',
    from: ['harvester'],
    to: ['api', 'ingester'],
    summary:
      'harvester: these files of a watched repository changed in this commit; api deploys processes from CWL, ingester takes STAC documents into the catalogue.',
    golden: {
      workspace: 'demo',
      source: 'git',
      repository: 'https://git.example/flows.git',
      branch: 'main',
      commit: 'c0ffee',
      move: 3,
      changes: [{ path: 'app.cwl', change: 'added', content: 'cwlVersion: v1.2' }],
    },
  },
);

export const RepositoryPushed = event(
  'repository.pushed',
  1,
  z.object({ hook: z.string().describe('id of the repository in its webhook') }),
  {
    dedupe: 'state',
    delivery: 'ephemeral',
    routedBy: 'none',
    from: ['api'],
    to: ['harvester'],
    summary: 'api: a signed webhook says that this repository changed; the harvester looks now. A lost one is found by the next look.',
    golden: { hook: '0123456789abcdef' },
  },
);

export const CatalogueChanged = event(
  'catalogue.changed',
  1,
  z.object({
    id: z.string().describe('who changed what'),
    workspace: Workspace,
    repository: z.string(),
    branch: z.string(),
    bucket_name: z.string().describe('place of the keys'),
    source: z.string().describe('prefix of the keys'),
    target: z.string().describe('where the documents stand in the catalogue'),
    added_keys: z.array(z.string()),
    updated_keys: z.array(z.string()),
    deleted_keys: z.array(z.string()),
  }),
  {
    dedupe: 'key',
    delivery: 'told',
    routedBy: 'workspace',
    from: ['ingester'],
    to: ['api'],
    summary:
      'ingester: documents of a catalogue changed, in the shape that pipelines of the hub read; all are there when it is told. Triggers of the workspace see it too.',
    golden: {
      id: `workflow/demo/${run}`,
      workspace: 'demo',
      repository: '',
      branch: '',
      bucket_name: 'workspaces',
      source: 'demo/files/',
      target: 'user/catalogs/demo/catalogs/',
      added_keys: ['demo/files/processing-results.json'],
      updated_keys: [],
      deleted_keys: [],
    },
  },
);

export const EventRefused = event(
  'event.refused',
  1,
  z.object({ workspace: Workspace, pipeline: z.string(), id: z.string().optional(), source: z.string().optional(), reason: z.string() }),
  {
    dedupe: 'state',
    delivery: 'ephemeral',
    routedBy: 'workspace',
    from: ['api'],
    to: [],
    summary: 'api: an event of a pipeline was refused, for this reason; it is kept beside the reason (`GET /api/v1/events/refused`).',
    golden: { workspace: 'demo', pipeline: 'planet', id: '17', source: '/planet', reason: 'type: expected string' },
  },
);

export const BillingEvent = event(
  'billing.event',
  1,
  z.object({
    uuid: z.uuid().describe('UUIDv5 of `{workspace}-{sku}-{event_start}`: twice is once'),
    event_start: Timestamp,
    event_end: Timestamp,
    sku: z.enum(['cpu-seconds', 'memory-gb-seconds', 'storage-gb-seconds']),
    user: z.string().nullable().describe('a workspace is billed, no user'),
    workspace: Workspace,
    quantity: z.number().describe('below zero where corrections are more than what was used'),
  }),
  {
    dedupe: 'key',
    delivery: 'told',
    routedBy: 'workspace',
    from: ['ingester'],
    to: [],
    summary: 'ingester: what a workspace is billed for a span of time, in the shape of the hub; the sum of all is the sum of the ledger.',
    golden: {
      uuid: '2fd0a0d6-4e5c-5b6f-8a51-0f0d7f8f6f10',
      event_start: '2026-11-21T12:00:00.000Z',
      event_end: '2026-11-21T12:05:00.000Z',
      sku: 'cpu-seconds',
      user: null,
      workspace: 'demo',
      quantity: 12.5,
    },
  },
);

export const BudgetReached = event(
  'budget.reached',
  1,
  z.object({
    workspace: Workspace,
    month: z.string().describe('`2026-11`'),
    percent: z.int().describe('80: a warning; 100: nothing new begins'),
    coreHours: z.number(),
    memoryGbHours: z.number(),
  }),
  {
    dedupe: 'key',
    delivery: 'told',
    routedBy: 'workspace',
    from: ['ingester'],
    to: [],
    summary: 'ingester: a workspace has used 80 or 100 per cent of its budget for the month.',
    golden: { workspace: 'demo', month: '2026-11', percent: 80, coreHours: 8.1, memoryGbHours: 2 },
  },
);

/** Every contract; docs/events.md, AsyncAPI, streams, consumers and permissions are derived from this list. */
export const contracts = [
  RunAccepted,
  RunDismissed,
  GrantsWritten,
  StepRequested,
  StepStarted,
  StepWaiting,
  StepFinished,
  SecretsAsked,
  SecretsGiven,
  StepStop,
  StepStopped,
  ExecutorHeartbeat,
  RunOutputsReady,
  ResultsPublished,
  ResultsRefused,
  RunStatusChanged,
  StepLog,
  HarvestChanged,
  RepositoryPushed,
  CatalogueChanged,
  EventRefused,
  BillingEvent,
  BudgetReached,
] as const;
