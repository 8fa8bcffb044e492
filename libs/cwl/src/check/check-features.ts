import type { Requirement, Workflow } from '../model.ts';
import type { CheckContext } from './check-package.ts';

const FEATURES = [
  'ScatterFeatureRequirement',
  'SubworkflowFeatureRequirement',
  'MultipleInputFeatureRequirement',
  'StepInputExpressionRequirement',
];

/** The features declared by a process or step, and those inherited; sorted. Hints count, as they do for other engines. */
export function featuresOf(inherited: readonly string[], declaring: { requirements: Requirement[]; hints: Requirement[] }): string[] {
  const classes = [...declaring.requirements, ...declaring.hints].map((one) => one.class);
  return FEATURES.filter((feature) => inherited.includes(feature) || classes.includes(feature));
}

/** Features that a workflow uses must be declared (Workflow §5): other engines refuse documents that do not. */
export function checkFeatures(context: CheckContext, workflow: Workflow, declared: readonly string[]): void {
  const { pkg, positions, path, report } = context;
  const need = (feature: string, what: string, where: string, node: object, field: string) => {
    const hint = `add "${feature}: {}" to the requirements`;
    report.error(where, positions(node, field), `${what}, but ${feature} is not declared`, { hint });
  };
  for (const step of workflow.steps) {
    const known = featuresOf(declared, step);
    const at = (...names: string[]) => path(workflow, 'steps', step.id, ...names);
    if (step.scatter && !known.includes('ScatterFeatureRequirement')) {
      need('ScatterFeatureRequirement', 'the step scatters', at('scatter'), step, 'scatter');
    }
    if (pkg.processes[step.run]?.class === 'Workflow' && !known.includes('SubworkflowFeatureRequirement')) {
      need('SubworkflowFeatureRequirement', 'the step runs a workflow', at('run'), step, 'run');
    }
    for (const input of step.in) {
      if ((input.source?.length ?? 0) > 1 && !known.includes('MultipleInputFeatureRequirement')) {
        need('MultipleInputFeatureRequirement', 'the input has several sources', at('in', input.id), input, 'source');
      }
      if (input.valueFrom !== undefined && !known.includes('StepInputExpressionRequirement')) {
        need('StepInputExpressionRequirement', 'the input has a valueFrom', at('in', input.id, 'valueFrom'), input, 'valueFrom');
      }
    }
  }
  for (const output of workflow.outputs) {
    if ((output.outputSource?.length ?? 0) > 1 && !declared.includes('MultipleInputFeatureRequirement')) {
      const where = path(workflow, 'outputs', output.id);
      need('MultipleInputFeatureRequirement', 'the output has several sources', where, output, 'outputSource');
    }
  }
}
