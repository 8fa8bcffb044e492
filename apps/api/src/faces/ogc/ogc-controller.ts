import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { openApiType } from '../../http/open-api.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { sendDefinition } from './definition.ts';
import { deploy, deployQuery, deployTypes, replace, undeploy } from './deploy.ts';
import { execute } from './execute.ts';
import { executeRequest } from './execute-request.ts';
import { answerConformance, answerLanding } from './landing.ts';
import { answerPackage, answerProcess, answerProcessList, processQuery } from './list-processes.ts';
import { html, pageQuery } from './pages.ts';
import { foreignProcess } from './problems.ts';
import {
  conformanceSchema,
  landingSchema,
  pageTypes,
  processListSchema,
  processSchema,
  resultTypes,
  statusSchema,
  summarySchema,
} from './schemas.ts';

/** OGC API - Processes, Part 1 (18-062r2) and Part 2 (20-044): the service and its processes. The functions beside this file do it. */
@Controller([':workspace/ogc-api', 'ades/:workspace/ogc-api'])
export class OgcController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', '', {
    action: 'service.describe',
    summary: 'Landing page',
    query: pageQuery,
    answers: { 200: { description: 'Links to everything', type: pageTypes, schema: landingSchema } },
  })
  landing(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerLanding(this.context, request, reply);
  }

  @Route('GET', 'conformance', {
    action: 'service.describe',
    summary: 'Conformance classes',
    query: pageQuery,
    answers: { 200: { description: 'What of the standard is served', type: pageTypes, schema: conformanceSchema } },
  })
  conformance(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerConformance(this.context, request, reply);
  }

  @Route('GET', 'api', {
    action: 'service.describe',
    summary: 'API definition',
    query: pageQuery,
    answers: { 200: { description: 'OpenAPI 3.0', type: [openApiType, html] } },
  })
  api(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return sendDefinition(this.context, request, reply);
  }

  @Route('GET', 'processes', {
    action: 'process.list',
    open: true,
    summary: 'Deployed processes',
    query: processQuery,
    answers: { 200: { description: 'A page of summaries, in the order of their ids', type: pageTypes, schema: processListSchema } },
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
    open: true,
    summary: 'Description of a process',
    foreign: foreignProcess,
    query: pageQuery,
    answers: { 200: { description: 'Its inputs and outputs', type: pageTypes, schema: processSchema } },
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
    action: 'process.source',
    open: true,
    summary: 'The document as it was deployed',
    foreign: foreignProcess,
    answers: { 200: { description: 'In the media type in which it was sent', type: deployTypes } },
  })
  package(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerPackage(this.context, request, reply);
  }

  @Route('POST', 'processes/:process/execution', {
    action: 'process.execute',
    open: true,
    summary: 'Execute a process',
    foreign: foreignProcess,
    body: jsonBody(executeRequest),
    answers: {
      200: { description: 'The results, where they are waited for and came in time', type: resultTypes },
      201: { description: 'Accepted; Location is the job', schema: statusSchema },
      204: { description: 'The results by reference: a Link header for each output' },
      422: { description: 'It was waited for, and failed' },
    },
  })
  execute(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return execute(this.context, request, reply);
  }
}
