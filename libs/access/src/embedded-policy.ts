import { readFileSync } from 'node:fs';
import type { Decision, Policy, PolicyInput } from './policy.ts';

/** A policy that decides in this process, at once. */
export interface EmbeddedPolicy extends Policy {
  readonly decide: (input: PolicyInput) => Decision;
}

/** `deploy/policies/access.rego`, compiled by OPA; `scripts/policy.ts` makes it and compares. */
const artefact = new URL('../policy/access.wasm', import.meta.url);
/** Decisions in memory, some hundred bytes each. */
const remembered = 10_000;
/** Pages of 64 KiB. A decision takes some kilobytes and gives them back; what would need more is refused by the memory itself. */
const pages = { initial: 16, maximum: 256 };

/**
 * Loads the policy that is part of this release: WebAssembly, called by the interface that OPA defines for compiled policies (ABI 1.2 and later,
 * https://www.openpolicyagent.org/docs/wasm). It has no way out: whatever it imports but memory ends the decision.
 */
export function embeddedPolicy(bytes: Uint8Array = readFileSync(artefact)): EmbeddedPolicy {
  const memory = new WebAssembly.Memory(pages);
  const policy = instantiate(bytes, memory);
  const data = parseJson(policy, memory, '{}');
  const heap = policy.opa_heap_ptr_get();
  const evaluate = (input: string): Decision => {
    const end = write(memory, heap, input);
    // Everything above `heap` is of this decision and is forgotten with the next one.
    const address = policy.opa_eval(0, 0, data, heap, end - heap, end, 0);
    const [found] = JSON.parse(read(memory, address)) as { result: Decision }[];
    if (!found) throw new Error('the embedded policy gives no decision');
    return found.result;
  };
  const decide = rememberAnswers(remembered, evaluate);
  return { decide: (input) => decide(JSON.stringify(input)), ping: () => Promise.resolve() };
}

/**
 * A policy is a function of its input and of nothing else (it has no clock and no way out, and its rules are part of this release): the same question
 * has the same answer. What was asked first makes room: keeping their order by use would cost every request more than asking again costs a few.
 */
function rememberAnswers<Answer>(most: number, ask: (question: string) => Answer): (question: string) => Answer {
  const answers = new Map<string, Answer>();
  return (question) => {
    const known = answers.get(question);
    if (known !== undefined) return known;
    const answer = ask(question);
    answers.set(question, answer);
    if (answers.size > most) answers.delete(answers.keys().next().value ?? question);
    return answer;
  };
}

/** What a policy compiled by OPA exports, as far as it is used here; addresses are offsets in its memory. */
interface Exports {
  opa_malloc(size: number): number;
  opa_json_parse(address: number, size: number): number;
  opa_heap_ptr_get(): number;
  opa_eval(
    reserved: 0,
    entrypoint: number,
    data: number,
    input: number,
    inputSize: number,
    heap: number,
    /** 0: JSON text that ends with a zero. */
    format: 0,
  ): number;
}

/** What is used of the global object; types of Node 24 do not have it. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): void;
}
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => Memory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: { env: object }) => { readonly exports: unknown };
};

function instantiate(bytes: Uint8Array, memory: Memory): Exports {
  const abort = (address: number): never => {
    throw new Error(`the embedded policy failed: ${read(memory, address)}`);
  };
  const missing = (): never => {
    throw new Error('the embedded policy calls a function that only a server has; scripts/policy.ts tells which');
  };
  const env = {
    memory,
    opa_abort: abort,
    opa_println: missing,
    opa_builtin0: missing,
    opa_builtin1: missing,
    opa_builtin2: missing,
    opa_builtin3: missing,
    opa_builtin4: missing,
  };
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env }).exports as Exports;
}

function parseJson(policy: Exports, memory: Memory, text: string): number {
  const address = policy.opa_malloc(text.length);
  return policy.opa_json_parse(address, write(memory, address, text) - address);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Puts a text at an address and returns the address behind it; the memory grows where it has to. */
function write(memory: Memory, address: number, text: string): number {
  // A UTF-16 unit is at most three bytes of UTF-8.
  const missing = address + text.length * 3 - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
  return address + encoder.encodeInto(text, new Uint8Array(memory.buffer, address)).written;
}

function read(memory: Memory, address: number): string {
  const bytes = new Uint8Array(memory.buffer, address);
  return decoder.decode(bytes.subarray(0, bytes.indexOf(0)));
}
