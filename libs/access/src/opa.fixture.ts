import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { actions } from './policy.ts';
import type { Decision, PolicyInput } from './policy.ts';
import { anonymous } from './principal.ts';
import type { Principal } from './principal.ts';
import { scopes } from './scopes.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const source = `${repository}deploy/policies/access.rego`;

/** Path of OPA; undefined where this machine has none. It is not built here: `make test` does that, once per machine. */
export function findOpa(): string | undefined {
  const { status, stdout } = spawnSync(`${repository}scripts/opa.sh`, ['--present'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** A policy server with the policy of this repository, once it answers. */
export async function startOpa(opa: string, port: number): Promise<{ stop(): Promise<void> }> {
  const server = spawn(opa, ['run', '--server', '--addr', `127.0.0.1:${port}`, '--log-level', 'error', source], { stdio: 'ignore' });
  const ended = once(server, 'exit');
  const stop = async (): Promise<void> => {
    server.kill('SIGKILL');
    await ended;
  };
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const health = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (health?.ok === true) return { stop };
    await sleep(100);
  }
  await stop();
  throw new Error('OPA does not answer');
}

/** Lines of the policy that none of these inputs reaches. */
export function unreachedLines(opa: string, inputs: readonly PolicyInput[]): unknown {
  const query = '[d | some i in input; d := data.runnel.access.decision with input as i]';
  const report = execFileSync(opa, ['eval', '--coverage', '--format', 'json', '--data', source, '--stdin-input', query], {
    input: JSON.stringify(inputs),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const { coverage } = JSON.parse(report) as { coverage: { files: Record<string, { not_covered?: unknown }> } };
  return coverage.files[source]?.not_covered;
}

/** So many inputs, the same ones for the same decisions: a third is allowed, and every action is both allowed and refused where it can be. */
export function generateInputs(count: number, decide: (input: PolicyInput) => Decision): PolicyInput[] {
  const random = seeded(20_260_101);
  const allowed: PolicyInput[] = [];
  const refused: PolicyInput[] = [];
  for (let number = 0; allowed.length < Math.ceil(count / 3) || refused.length < Math.floor((count * 2) / 3); number += 1) {
    const input = generate(random, number);
    const { list, room } = decide(input).allow
      ? { list: allowed, room: Math.ceil(count / 3) }
      : { list: refused, room: Math.floor((count * 2) / 3) };
    if (list.length < room) list.push(input);
  }
  return [...allowed, ...refused];
}

type Random = () => number;

function generate(random: Random, number: number): PolicyInput {
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const some = () => scopes.filter(() => random() < 0.5);
  const principal = pick<() => Principal>(
    () => anonymous,
    () => ({
      kind: 'token',
      workspace: pick('d', 'c', 'ü-"\\\n'),
      token: 't',
      scopes: pick(some(), [...scopes], []),
      ...pick<object>({}, { owner: 'somebody' }, { run: 'r' }, { sessionScopes: some() }),
    }),
    () => ({ kind: 'token', workspace: 'd', token: 't', scopes: some() }),
  )();
  const action = (random() < 0.02 ? 'process.steal' : actions[number % actions.length]) as PolicyInput['action'];
  const resource = {
    workspace: pick('d', 'd', undefined),
    ...pick<object>({}, { open: true }, { open: false }),
    ...pick<object>({}, { offer: { public: pick(true, false), userService: pick(true, false) } }, { offers: pick(true, false) }),
    ...pick<object>({}, { reader: pick('c', 'b') }),
  };
  return { principal, action, resource };
}

/** Mulberry32, by Tommy Ettinger (public domain). */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
