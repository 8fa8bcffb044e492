import { elementInputs, whenAnswer } from './element-inputs.ts';
import type { Answer, Ask } from './expression.ts';
import { inputAnswer, outputAnswer } from './instances.ts';
import { sourceAnswer } from './nodes.ts';
import { findElement, findInstance, findNode } from './places.ts';
import type { Plan } from './plan.ts';
import type { EvaluationTarget, RunState } from './state.ts';
import type { EvaluationRequest, Outstanding, ReadyNode } from './types.ts';

/** All that the run waits for from outside. */
export function outstanding(plan: Plan, run: RunState): Outstanding {
  return {
    evaluations: evaluationsOf(plan, run, run.evaluations.keys()),
    attempts: [...run.attempts].map(([step, attempt]) => ({ step, ...attempt })),
    ready: readyNodesOf(plan, run, run.readyNodes),
    ...(run.phase === 'publishing' && run.outputs && { publishing: run.outputs }),
  };
}

export function evaluationsOf(plan: Plan, run: RunState, keys: Iterable<string>): EvaluationRequest[] {
  return [...keys].flatMap((key) => {
    const target = run.evaluations.get(key);
    const ask = target && askOf(plan, run, target);
    const { run: id = '', acceptedAt = '' } = run.accepted ?? {};
    return ask ? [{ key, ...ask, seed: `${id}/${key}`, acceptedAt }] : [];
  });
}

/** The question is derived again from the state, so that pending evaluations cost the state only their key. */
function askOf(plan: Plan, run: RunState, target: EvaluationTarget): Ask | undefined {
  const found = answerOf(plan, run, target);
  return found && 'ask' in found ? found.ask : undefined;
}

function answerOf(plan: Plan, run: RunState, target: EvaluationTarget): Answer | undefined {
  switch (target.kind) {
    case 'input':
    case 'output': {
      const place = findInstance(plan, run, target.instance);
      if (!place) return undefined;
      const name = target.name;
      const input = place.plan.inputs.find((candidate) => candidate.id === name) ?? { id: name };
      const output = place.plan.outputs.find((candidate) => candidate.id === name) ?? { id: name };
      return target.kind === 'input' ? inputAnswer(place, input) : outputAnswer(place, output);
    }
    case 'source': {
      const node = findNode(plan, run, target.node);
      return node && sourceAnswer(node, target.name);
    }
    case 'value':
    case 'when': {
      const element = findElement(plan, run, target.step);
      if (!element?.state) return undefined;
      const { values, asks } = elementInputs(element.node, element.index, element.state.answers);
      if (target.kind === 'when') return whenAnswer(element, values);
      const ask = asks[target.name];
      return ask && { ask };
    }
  }
}

/** The nodes of these paths as the admitter sees them; one that has no ready elements any more with count 0. */
export function readyNodesOf(plan: Plan, run: RunState, paths: Iterable<string>): ReadyNode[] {
  return [...paths].map((node) => {
    const place = run.readyNodes.has(node) ? findNode(plan, run, node) : undefined;
    if (!place) return { node, count: 0, resources: { cores: 0, memoryMiB: 0 }, since: run.at };
    return { node, count: place.state.ready.size, resources: place.plan.resources, since: place.state.readySince };
  });
}
