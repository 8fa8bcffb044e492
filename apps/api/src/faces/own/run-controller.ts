import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { answerRunGraph, graphSchema } from './graph.ts';
import { changeOwn, changeRequest, dismissedSchema, dismissMany, dismissRequest } from './manage-runs.ts';
import { resumedSchema, resumeRequest, resumeRun } from './resume-run.ts';
import { againRequest, runAgain } from './run-again.ts';
import { streamEvents } from './run-events.ts';
import { answerRun, answerRuns, dismissOwn, dismissQuery, runQuery } from './runs.ts';
import { runDetailSchema, runListSchema, runSchema, stepListSchema, usageListSchema } from './schemas.ts';
import { answerLog, logQuery } from './step-log.ts';
import { answerSteps, stepQuery } from './steps.ts';
import { answerTimeline, timelineSchema } from './timeline.ts';
import { answerUsage, usageQuery } from './usage.ts';

/** Runs of the caller's workspace, with everything that is known of them. */
@Controller('api/v1/runs')
export class RunController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', '', {
    action: 'run.list',
    summary: 'Runs of the workspace, newest first',
    query: runQuery,
    answers: { 200: { description: 'A page of runs', schema: runListSchema } },
  })
  runs(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerRuns(this.context, request, reply);
  }

  @Route('GET', ':run', {
    action: 'run.read',
    summary: 'A run and its nodes, each with the reason why it waits',
    answers: { 200: { description: 'The run', schema: runDetailSchema } },
  })
  run(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerRun(this.context, request, reply);
  }

  @Route('PATCH', ':run', {
    action: 'run.update',
    summary: 'Name a run, label it, change its share of the workspace',
    body: jsonBody(changeRequest),
    answers: { 200: { description: 'The run', schema: runSchema } },
  })
  change(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeOwn(this.context, request, reply);
  }

  @Route('POST', ':run/again', {
    action: 'run.update',
    summary: 'Run the same process again, with changed inputs',
    body: jsonBody(againRequest),
    answers: { 201: { description: 'The new run', schema: runSchema } },
  })
  again(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return runAgain(this.context, request, reply);
  }

  @Route('POST', ':run/resume', {
    action: 'run.update',
    summary: 'Go on from what succeeded in a run that failed, also with an edited workflow',
    body: jsonBody(resumeRequest),
    answers: {
      201: { description: 'The new run, and which steps are reused and which repeated', schema: resumedSchema },
      409: { description: 'It did not fail, or what it would go on from is gone' },
    },
  })
  resume(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return resumeRun(this.context, request, reply);
  }

  @Route('POST', 'dismiss', {
    action: 'run.dismiss',
    summary: 'Dismiss all runs that a filter lets through, 1,000 at a time',
    body: jsonBody(dismissRequest),
    answers: { 200: { description: 'Which were dismissed', schema: dismissedSchema } },
  })
  dismissMany(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return dismissMany(this.context, request, reply);
  }

  @Route('DELETE', ':run', {
    action: 'run.dismiss',
    summary:
      'Dismiss a run: final at once, what still runs of it is stopped; with purge, delete one that has ended, with what it alone owned',
    query: dismissQuery,
    answers: {
      200: { description: 'The run; one that had ended stays as it is', schema: runSchema },
      204: { description: 'Deleted (purge)' },
      409: { description: 'It is held, has not stopped, or an open run uses it (purge)' },
    },
  })
  dismiss(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return dismissOwn(this.context, request, reply);
  }

  @Route('GET', ':run/graph', {
    action: 'run.read',
    summary: 'The workflow that a run executes, as a graph',
    answers: { 200: { description: 'Its steps', schema: graphSchema } },
  })
  graph(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerRunGraph(this.context, request, reply);
  }

  @Route('GET', ':run/timeline', {
    action: 'run.read',
    summary: 'When the steps of a run waited for their executor and ran; small also for wide scatters',
    answers: { 200: { description: 'By node', schema: timelineSchema } },
  })
  timeline(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerTimeline(this.context, request, reply);
  }

  @Route('GET', ':run/steps', {
    action: 'run.read',
    summary: 'Steps of a run: those that were asked for, then those that wait',
    query: stepQuery,
    answers: { 200: { description: 'A page of steps', schema: stepListSchema } },
  })
  steps(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerSteps(this.context, request, reply);
  }

  @Route('GET', ':run/steps/:step/log', {
    action: 'run.read',
    summary: 'Log of a step (its path with "/" as %2F)',
    query: logQuery,
    answers: { 200: { description: 'What the tool wrote', type: 'text/plain' } },
  })
  log(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerLog(this.context, request, reply);
  }

  @Route('GET', ':run/events', {
    action: 'run.read',
    summary: 'News of a run as server-sent events until it ends; Last-Event-ID goes on behind a version',
    answers: { 200: { description: 'Events "status"', type: 'text/event-stream' }, 204: { description: 'It has ended, and you know' } },
  })
  events(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return streamEvents(this.context, request, reply);
  }

  @Route('GET', ':run/usage', {
    action: 'usage.read',
    summary: 'What a run has used',
    query: usageQuery,
    answers: { 200: { description: 'By attempt and in all', schema: usageListSchema } },
  })
  usage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerUsage(this.context, request, reply);
  }
}
