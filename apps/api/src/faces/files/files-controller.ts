import { Controller, Inject, Req, Res } from '@nestjs/common';
import { ObjectNotFound } from '@runnel/objects';
import { crashPoint, Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decide } from '../../audit/decide.ts';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { originOf } from '../../http/origin.ts';
import { Route } from '../../http/route.ts';
import { applyPolicy, policyKey } from '../../policies/apply-policy.ts';
import { sendFile } from './get-file.ts';
import { fileListSchema, fileQuery, sendList, wantsList } from './list-files.ts';
import { storeFile } from './store-file.ts';

const read = {
  query: fileQuery,
  answers: {
    200: { description: 'The file, in its own media type; or the list of files, as JSON', type: '*/*' },
    206: { description: 'The range asked for', type: '*/*' },
    304: { description: 'Still the one you have' },
    416: { description: 'The range lies behind the end' },
  },
} as const;

const listing = { query: fileQuery, answers: { 200: { description: 'The list of files', schema: fileListSchema } } } as const;

/** Files of a workspace, and the published results of its runs. */
@Controller('workspaces/:workspace')
export class FilesController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('GET', 'files/*', { action: 'file.read', summary: 'A file, or with "?list" the files below a path', ...read })
  file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(request, reply, 'files');
  }

  @Route('GET', 'results/:run/*', { action: 'run.read', summary: 'A published result, or with "?list" those below a path', ...read })
  result(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send(request, reply, `results/${(request.params as { run: string }).run}`);
  }

  @Route('GET', 'files', { action: 'file.read', summary: 'All files', ...listing })
  files(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return sendList(this.context, request, reply, this.placeOf(request, 'files'));
  }

  @Route('GET', 'results/:run', { action: 'run.read', summary: 'All published results of a run', ...listing })
  results(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return sendList(this.context, request, reply, this.placeOf(request, `results/${(request.params as { run: string }).run}`));
  }

  @Route('PUT', 'files/*', {
    action: 'file.write',
    summary: 'Put a file (X-Checksum-Sha256 or Content-Digest, If-Match, If-None-Match: *)',
    body: { types: ['application/octet-stream'], optional: true },
    answers: {
      201: { description: 'Stored; ETag names this content', empty: true },
      204: { description: 'Replaced; ETag names this content' },
      412: { description: 'There is another one' },
    },
  })
  async put(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { key } = this.placeOf(request, 'files');
    await this.refuseUnlessPolicyIsTheirs(request, key);
    await storeFile(this.context, request, reply, key, () => this.changed(request, key));
  }

  @Route('DELETE', 'files/*', { action: 'file.write', summary: 'Delete a file', answers: { 204: { description: 'Deleted' } } })
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { key } = this.placeOf(request, 'files');
    await this.refuseUnlessPolicyIsTheirs(request, key);
    if (!(await this.context.objects.head(key))) throw new ObjectNotFound(key);
    crashPoint('api.file.before-delete');
    await this.context.objects.delete(key);
    await this.changed(request, key);
    await reply.status(204).send();
  }

  /** The access policy is a file and more: who may write files may not therefore say who may use the workspace's processes. */
  private async refuseUnlessPolicyIsTheirs(request: FastifyRequest, key: string): Promise<void> {
    const { workspace } = request.params as { workspace: string };
    if (key !== policyKey(workspace)) return;
    const decision = await decide(this.context, { principal: request.principal, action: 'policy.write', resource: { workspace } }, request);
    if (!decision.allow) throw new Problem({ status: 403, title: 'Forbidden', detail: decision.message });
  }

  /** A policy counts at once, however it was written. */
  private async changed(request: FastifyRequest, key: string): Promise<void> {
    const { workspace } = request.params as { workspace: string };
    if (key === policyKey(workspace)) await applyPolicy(this.context, workspace);
  }

  private send(request: FastifyRequest, reply: FastifyReply, folder: string): Promise<void> {
    const place = this.placeOf(request, folder);
    fileQuery.parse(request.query);
    return wantsList(request) ? sendList(this.context, request, reply, place) : sendFile(this.context, request, reply, place.key);
  }

  private placeOf(request: FastifyRequest, folder: string) {
    const { workspace, '*': rest = '' } = request.params as { workspace: string; '*'?: string };
    const path = rest.replace(/\/+$/, '');
    const prefix = `${workspace}/${folder}/`;
    return {
      prefix,
      path,
      key: prefix + path,
      href: `${originOf(request, this.context.config.publicUrl)}/workspaces/${prefix.slice(0, -1)}`,
    };
  }
}
