import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { answerMembers, changeMember, memberListSchema, memberRequest, removeMember } from './members.ts';
import { answerSummary, correctionRequest, makeCorrection, summaryAnswer, summaryQuery } from './usage-summary.ts';
import {
  answerWorkspace,
  answerWorkspaces,
  changeWorkspace,
  deleteQuery,
  makeWorkspace,
  newWorkspaceRequest,
  removeWorkspace,
  resume,
  settingsRequest,
  suspend,
  suspendRequest,
  workspaceAnswer,
  workspaceListSchema,
  workspaceQuery,
  workspaceSchema,
} from './workspaces.ts';

/** All workspaces: what operators do. */
@Controller('api/v1')
export class TenantController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'workspaces', {
    action: 'tenant.read',
    summary: 'Workspaces by name',
    query: workspaceQuery,
    answers: { 200: { description: 'A page of them', schema: workspaceListSchema } },
  })
  workspaces(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerWorkspaces(this.context, request, reply);
  }

  @Route('POST', 'workspaces', {
    action: 'tenant.write',
    summary: 'Make a workspace; a name is given once',
    body: jsonBody(newWorkspaceRequest),
    answers: { 201: { description: 'The workspace', schema: workspaceSchema }, 409: { description: 'The name is taken' } },
  })
  make(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return makeWorkspace(this.context, request, reply);
  }

  @Route('GET', 'workspaces/:tenant', { action: 'tenant.read', summary: 'A workspace', answers: workspaceAnswer })
  workspace(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerWorkspace(this.context, request, reply);
  }

  @Route('PATCH', 'workspaces/:tenant', {
    action: 'tenant.write',
    summary: 'Change settings of a workspace: what the body names; null takes one away',
    body: jsonBody(settingsRequest),
    answers: workspaceAnswer,
  })
  change(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeWorkspace(this.context, request, reply);
  }

  @Route('DELETE', 'workspaces/:tenant', {
    action: 'tenant.write',
    summary: 'Delete a workspace: tokens at once, runs are dismissed, then its objects go',
    query: deleteQuery,
    answers: { 202: { description: 'It has begun', schema: workspaceSchema.pick({ name: true, state: true }) } },
  })
  remove(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return removeWorkspace(this.context, request, reply);
  }

  @Route('POST', 'workspaces/:tenant/suspend', {
    action: 'tenant.write',
    summary: 'Let nothing new begin there; what runs comes to its end',
    body: jsonBody(suspendRequest),
    answers: { ...workspaceAnswer, 409: { description: 'It is deleted' } },
  })
  suspend(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return suspend(this.context, request, reply);
  }

  @Route('POST', 'workspaces/:tenant/resume', {
    action: 'tenant.write',
    summary: 'Let things begin again',
    answers: { ...workspaceAnswer, 409: { description: 'It is deleted' } },
  })
  resume(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return resume(this.context, request, reply);
  }

  @Route('GET', 'workspaces/:tenant/members', {
    action: 'tenant.read',
    summary: 'Members of a workspace and their roles',
    answers: { 200: { description: 'All members', schema: memberListSchema } },
  })
  members(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerMembers(this.context, request, reply);
  }

  @Route('PUT', 'workspaces/:tenant/members/:member', {
    action: 'tenant.write',
    summary: 'Add a member to a workspace, or change its role, at once',
    body: jsonBody(memberRequest),
    answers: { 204: { description: 'It counts' } },
  })
  changeMember(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return changeMember(this.context, request, reply);
  }

  @Route('DELETE', 'workspaces/:tenant/members/:member', {
    action: 'tenant.write',
    summary: 'Take a member from the list of a workspace; its tokens are revoked',
    answers: { 204: { description: 'It counts' } },
  })
  removeMember(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return removeMember(this.context, request, reply);
  }

  @Route('GET', 'workspaces/:tenant/usage', {
    action: 'tenant.read',
    summary: 'What a workspace is billed for, by groups',
    query: summaryQuery,
    answers: summaryAnswer,
  })
  usage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerSummary(this.context, request, reply);
  }

  @Route('POST', 'usage/corrections', {
    action: 'tenant.write',
    summary: 'Set right what an attempt is billed for, by a row of the difference; twice is once',
    body: jsonBody(correctionRequest),
    answers: { 204: { description: 'The next billing event holds it' } },
  })
  correct(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return makeCorrection(this.context, request, reply);
  }
}
