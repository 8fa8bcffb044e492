import { parentPort, workerData } from 'node:worker_threads';
import type { Evaluation, Machine } from './machine.ts';
import { createMachine } from './machine.ts';
import type { ThreadAnswer, ThreadLimits, ThreadTask } from './protocol.ts';

/** One machine per library; each holds a few MiB. */
const mostMachines = 4;
const machines = new Map<string, Machine>();
const limits = workerData as ThreadLimits;

async function answer(task: ThreadTask): Promise<Evaluation> {
  const key = JSON.stringify(task.library);
  const machine = machines.get(key) ?? (await createMachine(task, limits));
  machines.delete(key);
  if ('reason' in machine) return machine;
  const result = machine.evaluate(task);
  if (machine.reusable) machines.set(key, machine);
  const [oldest] = machines.keys();
  if (machines.size > mostMachines && oldest !== undefined) machines.delete(oldest);
  return 'value' in result ? { value: result.value } : { reason: result.reason };
}

parentPort?.on('message', (task: ThreadTask) => {
  void answer(task)
    .catch((error: unknown): Evaluation => ({ reason: `the sandbox failed: ${String(error)}` }))
    .then((result) => {
      const message: ThreadAnswer = { id: task.id, ...result };
      parentPort?.postMessage(message);
    });
});
