import { reuseMeaning, stableText } from '@runnel/cwl';
import type { CwlPackage } from '@runnel/cwl';
import type { Plan, PlanNode } from './plan.ts';
import { planOf } from './plan.ts';
import type { RunValues } from './types.ts';

/** What runs, or ran, with which inputs. */
export interface PlannedRun {
  package: CwlPackage;
  entry: string;
  inputs: RunValues;
}

/** A tool's step in the new run, by its path without indices: `sub/merge`. */
export interface ComparedStep {
  step: string;
  /** The step of the run before that does the same with the same; its path there. */
  same?: string;
  /** Why there is none. */
  why?: 'changed' | 'never-reused';
}

/**
 * Which steps of a run do what steps of another one did: the same tool, fed by the same inputs through the same steps. That is known before anything
 * runs, and on the safe side: a step whose inputs come out the same although something before it was changed is not among them.
 */
export function compareRuns(before: PlannedRun, after: PlannedRun): ComparedStep[] {
  const names = createNames();
  const known = new Map<string, string>();
  for (const { path, meaning } of stepsOf(before, names)) if (meaning !== undefined && !known.has(meaning)) known.set(meaning, path);
  return stepsOf(after, names).map(({ path, meaning, isReusable }) => {
    const same = meaning === undefined ? undefined : known.get(meaning);
    if (same !== undefined) return { step: path, same };
    return { step: path, why: isReusable ? 'changed' : 'never-reused' };
  });
}

/** A short name for each text, the same for the same one: what a step depends on grows with each step before it. */
type Names = (content: unknown) => string;

function createNames(): Names {
  const names = new Map<string, string>();
  return (content) => {
    const text = stableText(content);
    const name = names.get(text) ?? `#${names.size}`;
    names.set(text, name);
    return name;
  };
}

interface Found {
  path: string;
  /** Undefined: it depends on something that is never reused, or is that itself. */
  meaning: string | undefined;
  isReusable: boolean;
}

function stepsOf({ package: pkg, entry, inputs }: PlannedRun, names: Names): Found[] {
  const plan = planOf(pkg, entry);
  const given = new Map(plan.inputs.map(({ id, ...input }) => [id, names({ input, value: inputs[id] ?? null })]));
  return walk(plan, given, '', names).found;
}

interface Walked {
  found: Found[];
  /** Of each output of the plan. */
  outputs: ReadonlyMap<string, string | undefined>;
}

/** `given`: what stands for the value of each input. */
function walk(plan: Plan, given: ReadonlyMap<string, string | undefined>, prefix: string, names: Names): Walked {
  const found: Found[] = [];
  const ports = new Map<string, string | undefined>();
  const waiting = new Set(plan.nodes.values());
  const sourceName = ({ step, port }: { step?: string; port: string }): string | undefined =>
    step === undefined ? given.get(port) : ports.get(`${step}/${port}`);
  // Upstream first; the plan has no circles.
  while (waiting.size > 0) {
    for (const node of waiting) {
      if (node.upstream.some((id) => [...waiting].some((other) => other.id === id))) continue;
      waiting.delete(node);
      const path = prefix + node.id;
      const { meaning, inner } = meaningOf(node, sourceName, path, names);
      found.push(...(inner?.found ?? [{ path, meaning, isReusable: isReusable(node) }]));
      for (const port of node.step.out) {
        const made = inner ? inner.outputs.get(port) : meaning;
        ports.set(`${node.id}/${port}`, made === undefined || meaning === undefined ? undefined : names([meaning, made, port]));
      }
    }
  }
  const linked = (link: Plan['outputs'][number]): string | undefined => {
    const sources = (link.source ?? []).map(sourceName);
    return sources.includes(undefined) ? undefined : names({ ...link, id: '', source: sources });
  };
  return { found, outputs: new Map(plan.outputs.map((link) => [link.id, linked(link)])) };
}

const isReusable = ({ process, scope }: PlanNode): boolean => reuseMeaning(process, scope) !== undefined;

function meaningOf(
  node: PlanNode,
  sourceName: (source: { step?: string; port: string }) => string | undefined,
  path: string,
  names: Names,
): { meaning: string | undefined; inner?: Walked } {
  const { step, process, rules, scope } = node;
  const inputs = step.in.map((input) => {
    const sources = (input.source ?? []).map(sourceName);
    return { known: !sources.includes(undefined), text: { ...input, source: sources } };
  });
  const known = inputs.every((input) => input.known);
  const around = { in: inputs.map(({ text }) => text), scatter: step.scatter, method: step.scatterMethod, when: step.when, rules };
  const plan = node.inner?.();
  if (!plan) {
    const meant = known ? reuseMeaning(process, scope) : undefined;
    return { meaning: meant === undefined ? undefined : names({ around, meant }) };
  }
  const given = new Map(
    plan.inputs.map(({ id, ...input }) => {
      const link = inputs.find(({ text }) => text.id === id);
      return [id, link && !link.known ? undefined : names({ input, link: link?.text, around })];
    }),
  );
  const inner = walk(plan, given, `${path}/`, names);
  return { meaning: known ? names({ around }) : undefined, inner };
}
