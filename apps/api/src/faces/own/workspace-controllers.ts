import { Controller, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { Route } from '../../http/route.ts';
import { answerHistory, historyAnswer, historyQuery, historyRequest, historySchema, takeHistory } from './history.ts';
import { answerMembers, changeMember, memberListSchema, memberRequest, removeMember } from './members.ts';
import { answerSecrets, changeSecret, removeSecret, secretListSchema, secretRequest } from './secrets.ts';
import {
  answerEstimate,
  answerSummary,
  correctionRequest,
  estimateQuery,
  estimateSchema,
  makeCorrection,
  summaryQuery,
  summarySchema,
} from './usage-summary.ts';
import {
  answerWorkspace,
  answerWorkspaces,
  changeWorkspace,
  deleteQuery,
  makeWorkspace,
  newWorkspaceRequest,
  ownSettingsRequest,
  removeWorkspace,
  resume,
  settingsRequest,
  suspend,
  suspendRequest,
  workspaceDetailSchema,
  workspaceListSchema,
  workspaceQuery,
  workspaceSchema,
} from './workspaces.ts';

const jsonBody = <T>(schema: T) => ({ types: ['application/json'], schema });
const detail = { 200: { description: 'The workspace', schema: workspaceDetailSchema } };
const summary = { 200: { description: 'Sums of the ledger', type: ['application/json', 'text/csv'], schema: summarySchema } };

/** The caller's own workspace: settings, members, secrets, usage, and what was brought from elsewhere. */
@Controller('api/v1')
export class OwnWorkspaceController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'workspace', { action: 'workspace.read', summary: 'The workspace of the token', answers: detail })
  workspace(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerWorkspace(this.context, request, reply);
  }

  @Route('PATCH', 'workspace', {
    action: 'workspace.manage',
    summary: 'Change settings: what the body names; null takes one away',
    body: jsonBody(ownSettingsRequest),
    answers: detail,
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
    answers: { 201: { description: 'Kept' }, 204: { description: 'Kept instead of the one before' } },
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
    answers: summary,
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

  @Route('GET', 'workspaces/:tenant', { action: 'tenant.read', summary: 'A workspace', answers: detail })
  workspace(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return answerWorkspace(this.context, request, reply);
  }

  @Route('PATCH', 'workspaces/:tenant', {
    action: 'tenant.write',
    summary: 'Change settings of a workspace: what the body names; null takes one away',
    body: jsonBody(settingsRequest),
    answers: detail,
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
    answers: { ...detail, 409: { description: 'It is deleted' } },
  })
  suspend(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return suspend(this.context, request, reply);
  }

  @Route('POST', 'workspaces/:tenant/resume', {
    action: 'tenant.write',
    summary: 'Let things begin again',
    answers: { ...detail, 409: { description: 'It is deleted' } },
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
    answers: summary,
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
