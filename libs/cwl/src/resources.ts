import type { CwlVersion, Json, JsonObject } from './model.ts';
import type { Evaluator } from './expression/evaluate.ts';
import { ProcessFault } from './process-fault.ts';
import type { RequirementsInForce } from './requirements.ts';
import { requirement } from './requirements.ts';

/** Cores, and mebibytes of memory and disk; `cores` may be a fraction. */
export interface ResourceRequest {
  coresMin: number;
  coresMax: number;
  ramMin: number;
  ramMax: number;
  tmpdirMin: number;
  tmpdirMax: number;
  outdirMin: number;
  outdirMax: number;
}

/** `runtime` of tool expressions (CommandLineTool § Runtime environment). A type, not an interface: it is JSON. */
export type Runtime = {
  outdir: string;
  tmpdir: string;
  cores: number;
  ram: number;
  outdirSize: number;
  tmpdirSize: number;
};

const kinds = ['cores', 'ram', 'tmpdir', 'outdir'] as const;

export interface ResourceContext {
  requirements: RequirementsInForce;
  evaluator: Evaluator;
  inputs: JsonObject;
  cwlVersion: CwlVersion;
}

/**
 * Evaluates ResourceRequirement: a missing bound is the other one, both missing is the default of the version; memory and disk are rounded up to
 * whole mebibytes. Throws ProcessFault for what is negative, no number, or a maximum below its minimum.
 */
export async function resources(context: ResourceContext): Promise<ResourceRequest> {
  const bounds = requirement(context.requirements, 'ResourceRequirement') ?? {};
  const defaults = { cores: 1, ram: context.cwlVersion === 'v1.0' ? 1024 : 256, tmpdir: 1024, outdir: 1024 };
  const request: Partial<ResourceRequest> = {};
  for (const kind of kinds) {
    const min = await bound(context, `${kind}Min`, (bounds as JsonObject)[`${kind}Min`]);
    const max = await bound(context, `${kind}Max`, (bounds as JsonObject)[`${kind}Max`]);
    const least = min ?? max ?? defaults[kind];
    const most = max ?? least;
    if (most < least) throw new ProcessFault(`requirements.ResourceRequirement.${kind}Max`, `${most} is less than ${kind}Min, ${least}`);
    request[`${kind}Min`] = kind === 'cores' ? least : Math.ceil(least);
    request[`${kind}Max`] = kind === 'cores' ? most : Math.ceil(most);
  }
  return request as ResourceRequest;
}

async function bound(context: ResourceContext, name: string, value: Json | undefined): Promise<number | undefined> {
  if (value === undefined) return undefined;
  const path = `requirements.ResourceRequirement.${name}`;
  const number = typeof value === 'string' ? await context.evaluator(value, { inputs: context.inputs, self: null }, path) : value;
  if (number === null) return undefined;
  if (typeof number !== 'number' || number < 0)
    throw new ProcessFault(path, `must be a number that is not negative, not ${JSON.stringify(number)}`);
  return number;
}

/** What expressions see as `runtime`: whole numbers of at least 1. */
export function runtimeFor(request: ResourceRequest, outdir: string, tmpdir: string): Runtime {
  const whole = (value: number) => Math.max(1, Math.ceil(value));
  return {
    outdir,
    tmpdir,
    cores: whole(request.coresMin),
    ram: whole(request.ramMin),
    outdirSize: whole(request.outdirMin),
    tmpdirSize: whole(request.tmpdirMin),
  };
}
