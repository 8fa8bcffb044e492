import { z } from 'zod';
import { event } from '../contract.ts';
import { attemptFields, Executor, RunId, StepPath } from '../shapes.ts';
import { attempt, run } from './golden.ts';

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
