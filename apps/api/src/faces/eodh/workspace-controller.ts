import { Controller, Inject, Req, Res } from '@nestjs/common';
import { crashPoint, Problem } from '@runnel/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { API_CONTEXT } from '../../context.ts';
import type { ApiContext } from '../../context.ts';
import { readJson } from '../../http/body.ts';
import { numeric } from '../../http/query.ts';
import { jsonBody, Route } from '../../http/route.ts';
import { applyPolicy, harvestMessages } from '../../policies/apply-policy.ts';
import { configFolder, policyFile, readPolicy } from '../../policies/policy-file.ts';
import { workspaceIn } from './base.ts';

const upload = z.object({
  fileName: z.string().regex(/^[\w-][\w.-]{0,199}$/, 'a file name without a path'),
  fileContent: z.string().describe('the file as text'),
});
const logQuery = z.object({
  age: numeric(z.coerce.number().positive().max(2_592_000).default(86_400)).describe('seconds to look back'),
});
const messageSchema = z.object({ datetime: z.iso.datetime(), message: z.string(), level: z.string() });
const largest = 1024 * 1024;

/** How a workspace says who may use what (contract of the EODH face, section 4.1); what is said counts at once. */
@Controller()
export class WorkspaceController {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @Route('POST', 'api/workspaces/:workspace/data-loader', {
    action: 'policy.write',
    summary: `Put a configuration file, as ${policyFile}; a policy counts at once`,
    body: jsonBody(upload),
    answers: { 201: { description: 'Stored', schema: z.object({ message: z.string() }) } },
  })
  async load(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const workspace = workspaceIn(request);
    const { fileName, fileContent } = upload.parse(await readJson(request, largest));
    // One that would offer nothing for a slip of the pen is refused, and the one before stays.
    const faults = fileName === policyFile ? readPolicy(fileContent).faults : [];
    if (faults.length > 0) throw new Problem({ status: 400, title: 'Invalid access policy', detail: faults.join('; ') });
    const key = `${workspace}/files/${configFolder}/${fileName}`;
    crashPoint('api.policy.before-put');
    await this.context.objects.put(key, fileContent, { contentType: 'application/json' });
    crashPoint('api.policy.after-put');
    if (fileName === policyFile) await applyPolicy(this.context, workspace);
    await reply.status(201).send({ message: `File uploaded successfully to ${key}` });
  }

  @Route('POST', 'workspaces/:workspace/harvest', {
    action: 'policy.write',
    summary: `Read ${policyFile} again, wherever it was written`,
    answers: { 200: { description: 'It counts now', schema: z.object({}) } },
  })
  async harvest(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await applyPolicy(this.context, workspaceIn(request));
    await reply.status(200).send({});
  }

  @Route('POST', 'workspaces/:workspace/harvest_logs', {
    action: 'policy.write',
    summary: 'What reading the policy found',
    query: logQuery,
    answers: { 200: { description: 'Messages, oldest first', schema: z.object({ count: z.int(), messages: z.array(messageSchema) }) } },
  })
  async logs(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { age } = logQuery.parse(request.query);
    const messages = await harvestMessages(this.context, workspaceIn(request), age);
    await reply.status(200).send({ count: messages.length, messages });
  }
}
