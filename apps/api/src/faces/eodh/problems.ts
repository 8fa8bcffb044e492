import { Problem } from '@runnel/service';
import type { FastifyRequest } from 'fastify';

/** Types of exceptions as this face's clients know them (recorded; contract of the EODH face, section 1.11). */
const exceptions = 'http://www.opengis.net/def/rel/ogc/1.0/exception';
const titles: Readonly<Record<string, string>> = {
  'no-such-process': 'NoSuchProcess',
  'no-such-job': 'NoSuchJob',
  'result-not-ready': 'ResultNotReady',
  'duplicated-process': 'DuplicatedProcess',
  'immutable-process': 'ImmutableProcess',
  'workflow-not-found': 'WorkflowNotFound',
  'unsupported-media-type': 'UnsupportedMediaType',
};

/** Does a route's work; what it refuses is said in the words of this face. */
export async function inEodhWords(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw error instanceof Problem ? reworded(error) : error;
  }
}

function reworded(problem: Problem): Problem {
  const name = problem.type.slice(problem.type.lastIndexOf('/') + 1);
  const title = titles[name];
  if (title === undefined) return problem;
  const { status, detail, extra, headers } = problem;
  return new Problem({ status, type: `${exceptions}/${name}`, title, detail, extra, headers, cause: problem });
}

/** A job that is unknown, or somebody else's: clients expect this status and tell their users that there is none. */
export function foreignJob(request: FastifyRequest): Problem {
  const { job = '' } = request.params as { job?: string };
  return new Problem({
    status: 403,
    type: `${exceptions}/no-such-job`,
    title: 'NoSuchJob',
    detail: `there is no job "${job}" for this token`,
  });
}

export function foreignProcess(request: FastifyRequest): Problem {
  const { process = '' } = request.params as { process?: string };
  return new Problem({
    status: 404,
    type: `${exceptions}/no-such-process`,
    title: 'NoSuchProcess',
    detail: `there is no process "${process}" for this token`,
  });
}

/** What is not this workspace's to list. */
export function foreignWorkspace(request: FastifyRequest): Problem {
  const { workspace } = request.params as { workspace: string };
  return new Problem({ status: 403, title: 'Forbidden', detail: `this token gives no access to workspace "${workspace}"` });
}

export function noResults(detail: string): Problem {
  return new Problem({ status: 500, title: 'NoApplicableCode', detail });
}

export function notReady(detail: string): Problem {
  return new Problem({ status: 404, type: `${exceptions}/result-not-ready`, title: 'ResultNotReady', detail });
}

export function noSuchLog(name: string): Problem {
  return new Problem({ status: 404, title: 'Not found', detail: `there is no log "${name}" of this job` });
}
