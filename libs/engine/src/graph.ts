import { requirement, requirementsInForce } from '@runnel/cwl';
import type { Plan, PlanNode } from './plan.ts';
import type { GraphNode } from './types.ts';

/** Nodes that a graph shows. Workflows within workflows multiply: a small document can stand for millions. */
const most = 2000;

/** The steps of a plan and of the workflows within it, breadth first: where there are too many, the deepest are left out. */
export function graphOf(plan: Plan): GraphNode[] {
  let left = most;
  const level = (of: Plan): [GraphNode, PlanNode][] =>
    [...of.nodes.values()].slice(0, Math.max(0, left)).map((node) => {
      left -= 1;
      return [shown(node), node];
    });
  const roots = level(plan);
  const open = [...roots];
  for (const [graphNode, { inner }] of open) {
    if (!inner || left <= 0) continue;
    const within = level(inner());
    graphNode.nodes = within.map(([node]) => node);
    open.push(...within);
  }
  return roots.map(([node]) => node);
}

function shown({ id, step, process, upstream, scope, resources }: PlanNode): GraphNode {
  const label = step.label ?? process.label;
  const image = requirement(requirementsInForce(process, scope), 'DockerRequirement')?.image;
  return {
    id,
    class: process.class,
    upstream,
    conditional: step.when !== undefined,
    resources,
    ...(label !== undefined && { label }),
    ...(step.scatter && step.scatter.length > 0 && { scatter: step.scatter }),
    ...(process.class === 'CommandLineTool' && { command: commandOf(process) }),
    ...(image !== undefined && { image }),
  };
}

/** As the document has it: expressions stand where values will. */
function commandOf(tool: PlanNode['process'] & { class: 'CommandLineTool' }): string[] {
  const given = tool.arguments.map((argument) => (typeof argument === 'string' ? argument : (argument.valueFrom ?? argument.prefix ?? '')));
  return [...tool.baseCommand, ...given];
}
