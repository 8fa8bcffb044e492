import type { CwlVersion, Process, Requirement, WorkflowStep } from '@runnel/cwl';
import { requirement, requirementsInForce } from '@runnel/cwl';

/** Requirements and hints handed down to a step or an expression, nearest last (Workflow §4.2, "Requirements and hints"). */
export interface Scope {
  requirements: Requirement[];
  hints: Requirement[];
}

export const emptyScope: Scope = { requirements: [], hints: [] };

export const within = (outer: Scope, inner: Pick<Process | WorkflowStep, 'requirements' | 'hints'>): Scope => ({
  requirements: [...outer.requirements, ...inner.requirements],
  hints: [...outer.hints, ...inner.hints],
});

/** How expressions of a workflow and its steps are read. */
export interface ExpressionRules {
  cwlVersion: CwlVersion;
  javascript: boolean;
  library: string[];
}

export function expressionRules(cwlVersion: CwlVersion, scope: Scope): ExpressionRules {
  const found = requirement(requirementsInForce(scope), 'InlineJavascriptRequirement');
  return { cwlVersion, javascript: found !== undefined, library: found?.library ?? [] };
}

/** Cores and memory (MiB) of one element for the admitter; expressions count as the specification's defaults (ResourceRequirement). */
export function resourcesOf(process: Process, scope: Scope): { cores: number; memoryMiB: number } {
  const found = requirement(requirementsInForce(process, scope), 'ResourceRequirement');
  const figure = (min: string, max: string, fallback: number): number =>
    [found?.[min], found?.[max]].find((candidate) => typeof candidate === 'number') ?? fallback;
  return { cores: figure('coresMin', 'coresMax', 1), memoryMiB: figure('ramMin', 'ramMax', 256) };
}
