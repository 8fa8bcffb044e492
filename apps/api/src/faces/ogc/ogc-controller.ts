import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { openApiOf, openApiType, routesOf, sendOpenApi } from '../../http/open-api.ts';
import { Route } from '../../http/route.ts';
import { json, ogcBase } from './base.ts';
import { deploy, deployQuery, deployTypes, replace, undeploy } from './deploy.ts';
import { execute, executeRequest } from './execute.ts';
import { answerJob, answerJobList, dismiss, jobQuery } from './jobs.ts';
import { conformance, landingPage } from './landing.ts';
import { answerPackage, answerProcess, answerProcessList, processQuery } from './list-processes.ts';
import { foreignJob, foreignProcess } from './problems.ts';
import { answerResults } from './results.ts';
import {
  conformanceSchema,
  jobListSchema,
  landingSchema,
  processListSchema,
  processSchema,
  resultsSchema,
  statusSchema,
  summarySchema,
} from './schemas.ts';

/** OGC API - Processes, Part 1 (18-062r2) and Part 2 (20-044): what each route is; the functions beside this file do it. */
@Controller([':workspace/ogc-api', 'ades/:workspace/ogc-api'])
export class OgcController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', '', {
    action: 'service.describe',
    summary: 'Landing page',
    answers: { 200: { description: 'Links to everything', schema: landingSchema } },
  })
  async landing(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { workspace } = request.params as { workspace: string };
    await reply.type(json).send(JSON.stringify(landingPage(workspace, ogcBase(request, this.context.config.publicUrl))));
  }

  @Route('GET', 'conformance', {
    action: 'service.describe',
    summary: 'Conformance classes',
    answers: { 200: { description: 'What of the standard is served', schema: conformanceSchema } },
  })
  async conformance(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(json).send(JSON.stringify(conformance));
  }

  @Route('GET', 'api', {
    action: 'service.describe',
    summary: 'API definition',
    answers: { 200: { description: 'OpenAPI 3.0', type: openApiType } },
  })
  async api(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await sendOpenApi(reply, ogcDefinition(ogcBase(request, this.context.config.publicUrl)));
  }

  @Route('GET', 'processes', {
    action: 'process.read',
    summary: 'Deployed processes',
    query: processQuery,
    answers: { 200: { description: 'A page of summaries, in the order of their ids', schema: processListSchema } },
  })
  processes(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerProcessList(this.context, request, reply);
  }

  @Route('POST', 'processes', {
    action: 'process.deploy',
    summary: 'Deploy a CWL document as a process',
    query: deployQuery,
    body: { types: deployTypes },
    answers: {
      201: { description: 'Deployed; Location is the process', schema: summarySchema },
      409: { description: 'There is one of that id' },
    },
  })
  deploy(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return deploy(this.context, request, reply);
  }

  @Route('GET', 'processes/:process', {
    action: 'process.read',
    summary: 'Description of a process',
    foreign: foreignProcess,
    answers: { 200: { description: 'Its inputs and outputs', schema: processSchema } },
  })
  process(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerProcess(this.context, request, reply);
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
    return replace(this.context, request, reply);
  }

  @Route('DELETE', 'processes/:process', {
    action: 'process.deploy',
    summary: 'Undeploy a process; its runs go on',
    foreign: foreignProcess,
    answers: { 204: { description: 'Undeployed' } },
  })
  undeploy(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return undeploy(this.context, request, reply);
  }

  @Route('GET', 'processes/:process/package', {
    action: 'process.read',
    summary: 'The document as it was deployed',
    foreign: foreignProcess,
    answers: { 200: { description: 'In the media type in which it was sent', type: 'application/cwl' } },
  })
  package(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerPackage(this.context, request, reply);
  }

  @Route('POST', 'processes/:process/execution', {
    action: 'process.execute',
    summary: 'Execute a process',
    foreign: foreignProcess,
    body: { types: [json], schema: executeRequest },
    answers: {
      200: { description: 'With Prefer: wait=n, where it ended in time: the results', schema: resultsSchema },
      201: { description: 'Accepted; Location is the job', schema: statusSchema },
      422: { description: 'With Prefer: wait=n: it failed in time' },
    },
  })
  execute(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return execute(this.context, request, reply);
  }

  @Route('GET', 'jobs', {
    action: 'run.read',
    summary: 'Jobs of the workspace, newest first',
    query: jobQuery,
    answers: { 200: { description: 'A page of jobs', schema: jobListSchema } },
  })
  jobs(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerJobList(this.context, request, reply);
  }

  @Route('GET', 'jobs/:job', {
    action: 'run.read',
    summary: 'Status of a job',
    foreign: foreignJob,
    answers: { 200: { description: 'Its status', schema: statusSchema } },
  })
  job(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerJob(this.context, request, reply);
  }

  @Route('DELETE', 'jobs/:job', {
    action: 'run.dismiss',
    summary: 'Dismiss a job',
    foreign: foreignJob,
    answers: { 200: { description: 'Its status: dismissed, or how it had ended before', schema: statusSchema } },
  })
  dismiss(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return dismiss(this.context, request, reply);
  }

  @Route('GET', 'jobs/:job/results', {
    action: 'run.read',
    summary: 'Results of a job',
    foreign: foreignJob,
    answers: { 200: { description: 'Values and links by output', schema: resultsSchema }, 422: { description: 'The run failed, and why' } },
  })
  results(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerResults(this.context, request, reply);
  }
}

const base = '/:workspace/ogc-api';

/** The API definition is made from the routes themselves. */
function ogcDefinition(server: string): Record<string, unknown> {
  const routes = routesOf([OgcController]).filter(({ path }) => path.startsWith(base));
  const description = 'OGC API - Processes: deploy CWL workflows, execute them, follow them, get their results';
  return openApiOf(routes, { title: 'Runnel: OGC API - Processes', description, version: '1.0.0', server }, base);
}
