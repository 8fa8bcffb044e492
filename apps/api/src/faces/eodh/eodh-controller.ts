import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { Route } from '../../http/route.ts';
import { json } from '../ogc/base.ts';
import { deploy, deployQuery, deployTypes, replace, undeploy } from '../ogc/deploy.ts';
import { executeRequest } from '../ogc/execute-request.ts';
import { answerPackage, answerProcess } from '../ogc/list-processes.ts';
import { processSchema, summarySchema } from '../ogc/schemas.ts';
import { eodhPath } from './base.ts';
import { execute } from './execute.ts';
import { answerLog } from './job-logs.ts';
import { answerJob, answerJobList, jobQuery, removeJob } from './jobs.ts';
import { foreignJob, foreignProcess, foreignWorkspace, inEodhWords } from './problems.ts';
import { answerProcessList, processQuery } from './processes.ts';
import { answerResultItem, answerResults } from './results.ts';
import { geojson } from './stac-documents.ts';
import { collectionSchema, itemSchema, jobListSchema, processListSchema, statusSchema } from './schemas.ts';

/** Processes and jobs as the clients of EODH's Workflow Runner know them: what each route is; the functions beside this file do it. */
@Controller(`${eodhPath}/:workspace`)
export class EodhController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'processes', {
    action: 'process.list',
    summary: 'Deployed processes',
    foreign: foreignWorkspace,
    query: processQuery,
    answers: { 200: { description: 'Summaries, each with why it is seen', schema: processListSchema } },
  })
  processes(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(answerProcessList(this.context, request, reply));
  }

  @Route('POST', 'processes', {
    action: 'process.deploy',
    summary: 'Deploy a CWL document as a process',
    foreign: foreignWorkspace,
    query: deployQuery,
    body: { types: deployTypes },
    answers: {
      201: { description: 'Deployed; Location is the process', schema: summarySchema },
      409: { description: 'There is one of that id; Location is that one' },
    },
  })
  deploy(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(deploy(this.context, request, reply));
  }

  @Route('GET', 'processes/:process', {
    action: 'process.read',
    summary: 'Description of a process',
    foreign: foreignProcess,
    answers: { 200: { description: 'Its inputs and outputs', schema: processSchema } },
  })
  process(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(answerProcess(this.context, request, reply));
  }

  @Route('PUT', 'processes/:process', {
    action: 'process.deploy',
    summary: 'Replace a process: a new version of it',
    foreign: foreignProcess,
    query: deployQuery,
    body: { types: deployTypes },
    answers: { 204: { description: 'Replaced' } },
  })
  replace(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(replace(this.context, request, reply));
  }

  @Route('DELETE', 'processes/:process', {
    action: 'process.deploy',
    summary: 'Undeploy a process; its jobs go on',
    foreign: foreignProcess,
    answers: { 204: { description: 'Undeployed' } },
  })
  undeploy(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(undeploy(this.context, request, reply));
  }

  @Route('GET', 'processes/:process/package', {
    action: 'process.source',
    summary: 'The document as it was deployed',
    foreign: foreignProcess,
    answers: { 200: { description: 'In the media type in which it was sent', type: deployTypes } },
  })
  package(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(answerPackage(this.context, request, reply));
  }

  @Route('POST', 'processes/:process/execution', {
    action: 'process.execute',
    summary: 'Execute a process',
    foreign: foreignProcess,
    body: { types: [json], schema: executeRequest },
    answers: { 201: { description: 'Accepted; Location is the job, which stands in the workspace of the caller', schema: statusSchema } },
  })
  execute(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(execute(this.context, request, reply));
  }

  @Route('GET', 'jobs', {
    action: 'run.list',
    summary: 'Jobs of the workspace, newest first',
    foreign: foreignWorkspace,
    query: jobQuery,
    answers: { 200: { description: 'A page of jobs', schema: jobListSchema } },
  })
  jobs(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(answerJobList(this.context, request, reply));
  }

  @Route('GET', 'jobs/:job', {
    action: 'run.read',
    summary: 'Status of a job',
    foreign: foreignJob,
    answers: { 200: { description: 'Its status, with links to its logs', schema: statusSchema } },
  })
  job(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(answerJob(this.context, request, reply));
  }

  @Route('DELETE', 'jobs/:job', {
    action: 'run.dismiss',
    summary: 'Dismiss a job; one that has ended leaves the list',
    foreign: foreignJob,
    answers: { 200: { description: 'Its status: dismissed', schema: statusSchema } },
  })
  remove(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(removeJob(this.context, request, reply));
  }

  @Route('GET', 'jobs/:job/results', {
    action: 'run.read',
    summary: 'Results of a job',
    foreign: foreignJob,
    answers: {
      200: { description: 'A STAC Collection', schema: collectionSchema },
      500: { description: 'The job failed, and why' },
    },
  })
  results(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(answerResults(this.context, request, reply));
  }

  @Route('GET', 'jobs/:job/results/items/:item', {
    action: 'run.read',
    summary: 'An item of the results, for who reads the job and not the catalogue',
    foreign: foreignJob,
    answers: { 200: { description: 'A STAC Item', type: geojson, schema: itemSchema } },
  })
  resultItem(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(answerResultItem(this.context, request, reply));
  }

  @Route('GET', 'jobs/:job/:log', {
    action: 'run.read',
    summary: 'Log of a step ({step}.log), of staging in or out (node_stage_in.log, node_stage_out.log)',
    foreign: foreignJob,
    answers: { 200: { description: 'What the tool wrote so far', type: 'text/plain' } },
  })
  log(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return inEodhWords(answerLog(this.context, request, reply));
  }
}
