import type { Workflow } from '../model.ts';
import type { CheckContext } from './check-package.ts';
import { findCycles } from './cycles.ts';

/** Steps that wait for one another would wait for ever. */
export function checkStepOrder({ report, positions, path }: CheckContext, workflow: Workflow): void {
  const steps = new Map(workflow.steps.map((step) => [step.id, step]));
  const before = (id: string) =>
    (steps.get(id)?.in ?? []).flatMap((input) =>
      (input.source ?? []).flatMap(({ step }) => (step !== undefined && steps.has(step) ? [step] : [])),
    );
  for (const cycle of findCycles(steps.keys(), before)) {
    const [first = ''] = cycle;
    const step = steps.get(first);
    if (!step) continue;
    const message = `steps wait for one another in a circle: ${[...cycle, first].join(' needs ')}`;
    report.error(path(workflow, 'steps', first), positions(step), message);
  }
}
