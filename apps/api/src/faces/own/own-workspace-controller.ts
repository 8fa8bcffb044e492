import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { answerHistory, historyAnswer, historyQuery, historyRequest, historySchema, takeHistory } from './history.ts';
import { answerMembers, changeMember, memberListSchema, memberRequest, removeMember } from './members.ts';
import { answerSecrets, changeSecret, removeSecret, secretListSchema, secretRequest } from './secrets.ts';
import { answerEstimate, answerSummary, estimateQuery, estimateSchema, summaryAnswer, summaryQuery } from './usage-summary.ts';
import { answerWorkspace, changeWorkspace, ownSettingsRequest, workspaceAnswer } from './workspaces.ts';

/** The caller's own workspace: settings, members, secrets, usage, and what was brought from elsewhere. */
@Controller('api/v1')
export class OwnWorkspaceController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'workspace', { action: 'workspace.read', summary: 'The workspace of the token', answers: workspaceAnswer })
  workspace(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerWorkspace(this.context, request, reply);
  }

  @Route('PATCH', 'workspace', {
    action: 'workspace.manage',
    summary: 'Change settings: what the body names; null takes one away',
    body: jsonBody(ownSettingsRequest),
    answers: workspaceAnswer,
  })
  change(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeWorkspace(this.context, request, reply);
  }

  @Route('GET', 'workspace/members', {
    action: 'workspace.manage',
    summary: 'Members and their roles',
    answers: { 200: { description: 'All members', schema: memberListSchema } },
  })
  members(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerMembers(this.context, request, reply);
  }

  @Route('PUT', 'workspace/members/:member', {
    action: 'workspace.manage',
    summary: 'Add a member, or change its role, at once',
    body: jsonBody(memberRequest),
    answers: { 204: { description: 'It counts' } },
  })
  changeMember(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeMember(this.context, request, reply);
  }

  @Route('DELETE', 'workspace/members/:member', {
    action: 'workspace.manage',
    summary: 'Take a member from the list; its tokens are revoked',
    answers: { 204: { description: 'It counts' } },
  })
  removeMember(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return removeMember(this.context, request, reply);
  }

  @Route('GET', 'workspace/secrets', {
    action: 'workspace.manage',
    summary: 'Secrets, without their values',
    answers: { 200: { description: 'All secrets', schema: secretListSchema } },
  })
  secrets(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerSecrets(this.context, request, reply);
  }

  @Route('PUT', 'workspace/secrets/:secret', {
    action: 'workspace.manage',
    summary: 'Keep a secret for steps, which get it as an environment variable of this name',
    body: jsonBody(secretRequest),
    answers: { 201: { description: 'Kept', empty: true }, 204: { description: 'Kept instead of the one before' } },
  })
  changeSecret(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeSecret(this.context, request, reply);
  }

  @Route('DELETE', 'workspace/secrets/:secret', {
    action: 'workspace.manage',
    summary: 'Forget a secret',
    answers: { 204: { description: 'No attempt gets it from now on' } },
  })
  removeSecret(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return removeSecret(this.context, request, reply);
  }

  @Route('GET', 'usage', {
    action: 'usage.read',
    summary: 'What the workspace is billed for, by groups',
    query: summaryQuery,
    answers: summaryAnswer,
  })
  usage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerSummary(this.context, request, reply);
  }

  @Route('GET', 'usage/estimate', {
    action: 'usage.read',
    summary: 'What a run of a process is likely to use, from earlier ones',
    query: estimateQuery,
    answers: { 200: { description: 'The estimate', schema: estimateSchema } },
  })
  estimate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerEstimate(this.context, request, reply);
  }

  @Route('GET', 'history', {
    action: 'history.read',
    summary: 'Jobs that ran elsewhere, newest first (runnel import)',
    query: historyQuery,
    answers: { 200: { description: 'A page of them', schema: historySchema } },
  })
  history(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerHistory(this.context, request, reply);
  }

  @Route('POST', 'history', {
    action: 'history.write',
    summary: 'Keep what another server told of its jobs; twice is once',
    body: jsonBody(historyRequest),
    answers: { 200: { description: 'What became of them', schema: historyAnswer } },
  })
  takeHistory(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return takeHistory(this.context, request, reply);
  }
}
