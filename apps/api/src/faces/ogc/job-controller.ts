import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { createJob, jobRequest } from './execute.ts';
import { answerDefinition, answerInputs } from './job-origin.ts';
import { answerJob, answerJobList, dismiss, jobQuery } from './jobs.ts';
import { pageQuery } from './pages.ts';
import { foreignJob } from './problems.ts';
import { answerProv } from './prov.ts';
import { answerOutput, answerResults } from './results.ts';
import { definitionSchema, inputsSchema, jobListSchema, pageTypes, provSchema, resultTypes, statusSchema } from './schemas.ts';

/** OGC API - Processes: jobs (runs, as the standard calls them) and their results. */
@Controller([':workspace/ogc-api', 'ades/:workspace/ogc-api'])
export class JobController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'jobs', {
    action: 'run.list',
    open: true,
    summary: 'Jobs of the workspace, newest first',
    query: jobQuery,
    answers: { 200: { description: 'A page of jobs', type: pageTypes, schema: jobListSchema } },
  })
  jobs(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerJobList(this.context, request, reply);
  }

  @Route('POST', 'jobs', {
    action: 'process.execute',
    open: true,
    summary: 'Execute the process that the body names',
    body: jsonBody(jobRequest),
    answers: {
      200: { description: 'With Prefer: wait=n, where it ended in time: the results', type: resultTypes },
      201: { description: 'Accepted; Location is the job', schema: statusSchema },
      204: { description: 'The results by reference: a Link header for each output' },
      422: { description: 'It was waited for, and failed' },
    },
  })
  create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return createJob(this.context, request, reply);
  }

  @Route('GET', 'jobs/:job/definition', {
    action: 'run.read',
    open: true,
    summary: 'The execute request that makes the same job',
    foreign: foreignJob,
    query: pageQuery,
    answers: { 200: { description: 'Process, inputs, and how the results are wanted', type: pageTypes, schema: definitionSchema } },
  })
  definition(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerDefinition(this.context, request, reply);
  }

  @Route('GET', 'jobs/:job/inputs', {
    action: 'run.read',
    open: true,
    summary: 'Inputs of a job, defaults among them',
    foreign: foreignJob,
    query: pageQuery,
    answers: { 200: { description: 'Values, and files as links', type: pageTypes, schema: inputsSchema } },
  })
  inputs(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerInputs(this.context, request, reply);
  }

  @Route('GET', 'jobs/:job/prov', {
    action: 'run.read',
    open: true,
    summary: 'Where the results of a job come from (PROV-JSON)',
    foreign: foreignJob,
    answers: { 200: { description: 'Run and steps as activities; inputs, outputs and the process as entities', schema: provSchema } },
  })
  prov(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerProv(this.context, request, reply);
  }

  @Route('GET', 'jobs/:job', {
    action: 'run.read',
    open: true,
    summary: 'Status of a job',
    foreign: foreignJob,
    query: pageQuery,
    answers: { 200: { description: 'Its status', type: pageTypes, schema: statusSchema } },
  })
  job(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerJob(this.context, request, reply);
  }

  @Route('DELETE', 'jobs/:job', {
    action: 'run.dismiss',
    open: true,
    summary: 'Dismiss a job',
    foreign: foreignJob,
    query: pageQuery,
    answers: { 200: { description: 'Its status: dismissed, or how it had ended before', type: pageTypes, schema: statusSchema } },
  })
  dismiss(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return dismiss(this.context, request, reply);
  }

  @Route('GET', 'jobs/:job/results', {
    action: 'run.read',
    open: true,
    summary: 'Results of a job, as its execute request wanted them',
    foreign: foreignJob,
    query: pageQuery,
    answers: {
      200: { description: 'One value, several parts, or a document', type: resultTypes },
      204: { description: 'By reference: a Link header for each output' },
      422: { description: 'The run failed, and why' },
    },
  })
  results(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerResults(this.context, request, reply);
  }

  @Route('GET', 'jobs/:job/results/:output', {
    action: 'run.read',
    open: true,
    summary: 'One result of a job',
    foreign: foreignJob,
    answers: {
      200: { description: 'Its value, in its own media type', type: ['*/*'] },
      204: { description: 'It is a reference: in the Link header' },
      206: { description: 'The range of a file that was asked for', type: ['*/*'] },
      304: { description: 'The file is the one that the caller has' },
      416: { description: 'The file has no such range' },
      422: { description: 'The run failed, and why' },
    },
  })
  output(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerOutput(this.context, request, reply);
  }
}
