import type { Diagnostic } from '@runnel/cwl';
import { Problem } from '@runnel/service';
import type { FastifyRequest } from 'fastify';
import type { DeployOutcome } from '../../processes/deploy-process.ts';
import type { InputFault } from '../../runs/resolve-inputs.ts';

/** Exception types of OGC API - Processes, Part 1 (18-062r2, 8.5.3) and Part 2 (20-044). */
const part1 = 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0';
const part2 = 'http://www.opengis.net/def/exceptions/ogcapi-processes-2/1.0';
export const unsupportedMediaType = `${part2}/unsupported-media-type`;

const param = (request: FastifyRequest, name: string): string => (request.params as Record<string, string | undefined>)[name] ?? '';

export function noSuchProcess(id: string): Problem {
  return new Problem({ status: 404, type: `${part1}/no-such-process`, title: 'No such process', detail: `there is no process "${id}"` });
}

export function noSuchJob(id: string): Problem {
  return new Problem({ status: 404, type: `${part1}/no-such-job`, title: 'No such job', detail: `there is no job "${id}"` });
}

/** What a caller of another workspace is told: the same as for what does not exist. */
export const foreignProcess = (request: FastifyRequest): Problem => noSuchProcess(param(request, 'process'));
export const foreignJob = (request: FastifyRequest): Problem => noSuchJob(param(request, 'job'));

export function resultNotReady(detail: string): Problem {
  return new Problem({ status: 404, type: `${part1}/result-not-ready`, title: 'Result not ready', detail });
}

/** An execute request names an output that the process has not. */
export function noSuchOutput(id: string, outputs: readonly string[]): Problem {
  const detail = `the process has no output "${id}"; it has: ${outputs.join(', ')}`;
  return new Problem({ status: 400, type: `${part1}/no-such-output`, title: 'No such output', detail });
}

export function noSuchOutputOfRun(id: string): Problem {
  return new Problem({ status: 404, type: `${part1}/no-such-output`, title: 'No such output', detail: `the job gave no output "${id}"` });
}

/** The results of a run that failed: its reason (18-062r2, 7.13.3). */
export function runFailed(failure: { class: string; reason: string; step?: string } | null, message: string): Problem {
  const { class: kind = 'unknown', reason = message, step } = failure ?? {};
  return new Problem({
    status: 422,
    type: `urn:runnel:run-failed:${kind}`,
    title: 'The run failed',
    detail: step === undefined ? reason : `${step}: ${reason}`,
    extra: { ...failure },
  });
}

export function badInputs(faults: readonly InputFault[]): Problem {
  return new Problem({
    status: 400,
    type: `${part1}/InvalidParameterValue`,
    title: 'Invalid inputs',
    detail: faults.map(({ path, message }) => `${path}: ${message}`).join('; '),
    extra: { errors: faults },
  });
}

/** Why a deployment was refused. */
export function deploymentProblem(outcome: Exclude<DeployOutcome, { kind: 'deployed' }>, base: string): Problem {
  switch (outcome.kind) {
    case 'refused':
      return badDocument(outcome.diagnostics);
    case 'no-such-entry':
      return new Problem({
        status: 400,
        type: `${part2}/workflow-not-found`,
        title: 'Workflow not found',
        detail: `the document has no such process; it has: ${outcome.entries.join(', ')}`,
      });
    case 'exists':
      return new Problem({
        status: 409,
        type: `${part2}/duplicated-process`,
        title: 'Duplicated process',
        detail: `there is a process "${outcome.id}" already: replace it (PUT) or undeploy it first (DELETE)`,
        headers: { location: `${base}/processes/${encodeURIComponent(outcome.id)}` },
      });
    case 'immutable':
      return new Problem({
        status: 403,
        type: `${part2}/immutable-process`,
        title: 'Immutable process',
        detail: `the process "${outcome.id}" comes with this service and cannot be replaced or undeployed`,
      });
    case 'missing':
      return noSuchProcess(outcome.id);
    case 'other-id':
      return new Problem({
        status: 400,
        title: 'Bad request',
        detail: `the document is process "${outcome.id}", which is not the one of this address`,
      });
    case 'bad-id':
      return new Problem({
        status: 400,
        title: 'Bad request',
        detail: `the id "${outcome.id}" cannot be a process id: letters, digits, ".", "_" and "-", at most 128, beginning with a letter or digit`,
      });
  }
}

/** Each fault with its place in the document; the first ones also as text. */
function badDocument(diagnostics: readonly Diagnostic[]): Problem {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(faultOf);
  const shown = errors.slice(0, 5).map(({ line, column, path, message }) => {
    return [line === undefined ? '' : `line ${line}, column ${column}: `, path === '' ? '' : `${path}: `, message].join('');
  });
  const more = errors.length > shown.length ? `; and ${errors.length - shown.length} more` : '';
  return new Problem({
    status: 400,
    title: 'The document cannot be deployed',
    detail: shown.join('; ') + more,
    extra: { errors: errors.slice(0, 100) },
  });
}

function faultOf({ path, message, hint, position }: Diagnostic) {
  return {
    path,
    message: hint === undefined ? message : `${message} (${hint})`,
    ...(position === undefined ? {} : { line: position.line, column: position.column }),
    // The uploaded document has no address; one that was fetched has.
    ...(position === undefined || position.file.startsWith('package:') ? {} : { file: position.file }),
  };
}
