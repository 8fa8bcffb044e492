import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Json } from '@runnel/cwl';
import type { ObjectStore } from '@runnel/objects';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
import { originOf } from '../../http/origin.ts';
import type { RunRow } from '../../runs/run-row.ts';
import { readOutputs } from '../../runs/read-results.ts';
import type { WantedResults } from '../../runs/wanted-results.ts';
import { sendFile } from '../files/get-file.ts';
import { ogcBase } from './base.ts';
import { runOfRequest } from './job-origin.ts';
import { inPlace, outputsOf, streamOf } from './output-value.ts';
import type { Output } from './output-value.ts';
import { encodingOf, sendPage } from './pages.ts';
import { readPrefer } from './prefer.ts';
import { noSuchOutputOfRun, resultNotReady, runFailed } from './problems.ts';

/** GET /jobs/{id}/results: in the form that the execute request asked for (18-062r2, 7.13.2). */
export async function answerResults(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await sendResults(context, request, reply, await runOfRequest(context, request));
}

/** GET /jobs/{id}/results/{output} (18-062r3): the value of one output. */
export async function answerOutput(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { output: id } = request.params as { output: string };
  const run = await runOfRequest(context, request);
  const output = (await publishedOutputs(context, request, run)).outputs.find((one) => one.id === id);
  if (!output) throw noSuchOutputOfRun(id);
  await sendValue(context, request, reply, output);
}

/** Answers with the results of a run by the table of 18-062r2, 7.11.4: one value, several parts, references, or a document. */
export async function sendResults(context: ApiContext, request: FastifyRequest, reply: FastifyReply, run: RunRow): Promise<void> {
  const { outputs: all, count } = await publishedOutputs(context, request, run);
  const wanted = withPreference(run.request ?? {}, all, request, reply);
  const outputs = wanted.outputs === undefined ? all : all.filter(({ id }) => wanted.outputs?.[id] !== undefined);
  if (wanted.response === 'document' || asksForDocument(request)) return sendDocument(context, request, reply, outputs, wanted);
  const asked = run.request?.outputs === undefined ? count : Object.keys(run.request.outputs).length;
  const byReference = outputs.filter((output) => !output.body || wanted.outputs?.[output.id]?.transmissionMode === 'reference');
  const [only] = outputs;
  if (outputs.length === 0 || byReference.length === outputs.length) return sendReferences(reply, outputs);
  if (asked === 1 && only) return sendValue(context, request, reply, only);
  return sendParts(context.objects, reply, outputs, new Set(byReference));
}

/**
 * What the execute request asked for, and for outputs of which it says nothing what this caller prefers (`Prefer: return=`, 18-062r3): so an answer
 * by version 1 of the standard stays one.
 */
function withPreference(wanted: WantedResults, outputs: readonly Output[], request: FastifyRequest, reply: FastifyReply): WantedResults {
  const { form } = readPrefer(request.headers.prefer);
  if (form === undefined) return wanted;
  const applied = [reply.getHeader('preference-applied'), `return=${form}`].filter((one) => one !== undefined);
  void reply.header('preference-applied', applied.join(', '));
  const mode = form === 'minimal' ? 'reference' : 'value';
  const asked: NonNullable<WantedResults['outputs']> = wanted.outputs ?? Object.fromEntries(outputs.map(({ id }) => [id, {}]));
  const entries = Object.entries(asked).map(
    ([id, output]) => [id, { ...output, transmissionMode: output.transmissionMode ?? mode }] as const,
  );
  return { ...wanted, outputs: Object.fromEntries(entries) };
}

interface Published {
  readonly outputs: readonly Output[];
  /** Of the process: those without a value count too. */
  readonly count: number;
}

async function publishedOutputs(context: ApiContext, request: FastifyRequest, run: RunRow): Promise<Published> {
  if (run.phase === 'failed') throw runFailed(run.failure, run.message);
  if (run.phase === 'dismissed') throw resultNotReady('the run was dismissed: it has no results');
  if (run.phase !== 'successful') throw resultNotReady('the run has not ended yet');
  const outputs = await readOutputs(context, run);
  if (!outputs) throw resultNotReady('the run has no result document');
  const { publicUrl } = context.config;
  const base = ogcBase(request, publicUrl);
  const where = { results: `${base}/jobs/${run.id}/results`, origin: originOf(request, publicUrl) };
  return { outputs: outputsOf(outputs, where), count: Object.keys(outputs).length };
}

/** Whoever names an encoding of pages, or is a browser, gets the document: values and parts have encodings of their own. */
const asksForDocument = (request: FastifyRequest): boolean =>
  (request.query as { f?: unknown }).f !== undefined || encodingOf(request) === 'html';

async function sendDocument(
  { objects }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  outputs: readonly Output[],
  { outputs: wanted = {} }: WantedResults,
): Promise<void> {
  const entries = await Promise.all(
    outputs.map(async (output): Promise<[string, Json]> => {
      const mode = wanted[output.id]?.transmissionMode;
      if (mode === 'reference') return [output.id, { href: output.href, type: output.type }];
      return [output.id, mode === 'value' ? await inPlace(objects, output) : output.inDocument];
    }),
  );
  await sendPage(request, reply, JSON.stringify(Object.fromEntries(entries)), 'Results');
}

/** No body: a Link header for each output. */
async function sendReferences(reply: FastifyReply, outputs: readonly Output[]): Promise<void> {
  const links = outputs.map(({ id, href, type }) => `<${href}>; rel="${encodeURIComponent(id)}"; type="${type.replaceAll('"', "'")}"`);
  await reply
    .status(204)
    .headers(links.length === 0 ? {} : { link: links.join(', ') })
    .send();
}

/** What a run gave is never rendered as a page of this host. */
const harmless = { 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' };

async function sendValue(context: ApiContext, request: FastifyRequest, reply: FastifyReply, output: Output): Promise<void> {
  const { body, type } = output;
  if (!body) return sendReferences(reply, [output]);
  if ('key' in body) return sendFile(context, request, reply, body.key);
  // As bytes: Fastify would add a charset to a text, which JSON does not have.
  const charset = type === 'text/plain' ? '; charset=utf-8' : '';
  await reply.headers({ ...harmless, 'content-type': type + charset }).send(body.bytes);
}

/** multipart/related (RFC 2387): a part per output, an empty one with its address for those by reference. */
async function sendParts(
  objects: ObjectStore,
  reply: FastifyReply,
  outputs: readonly Output[],
  byReference: ReadonlySet<Output>,
): Promise<void> {
  const boundary = randomUUID();
  await reply
    .headers({ ...harmless, 'content-type': `multipart/related; boundary=${boundary}` })
    .send(Readable.from(partsOf(objects, outputs, byReference, boundary)));
}

async function* partsOf(
  objects: ObjectStore,
  outputs: readonly Output[],
  byReference: ReadonlySet<Output>,
  boundary: string,
): AsyncGenerator<Buffer> {
  for (const output of outputs) {
    const { id, type, href, body } = output;
    const reference = !body || byReference.has(output);
    const place = reference ? [`Content-Location: ${href}`] : [];
    const head = [`--${boundary}`, `Content-Type: ${type}`, `Content-ID: ${encodeURIComponent(id)}`, ...place, '', ''];
    yield Buffer.from(head.join('\r\n'));
    if (!reference) for await (const chunk of await streamOf(objects, body)) yield chunk as Buffer;
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}
