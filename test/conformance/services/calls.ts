import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

export interface Deployed {
  readonly id: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface Calls {
  /** Deploys the document at an address under an id of its own. */
  deploy(href: string): Promise<Deployed | { readonly refused: string }>;
  /** Resolves with the result document; rejects with the reason of a run that failed. */
  execute(id: string, inputs: JsonObject): Promise<JsonObject>;
  undeploy(id: string): Promise<void>;
  download(href: string): Promise<Buffer>;
}

interface Problem {
  detail?: string;
}

/** The calls that a client of OGC API - Processes makes, to RUNNEL_URL as the owner of RUNNEL_TOKEN. */
export function createCalls(): Calls {
  const { RUNNEL_URL: url = '', RUNNEL_TOKEN: token = '', RUNNEL_WORKSPACE: workspace = '' } = process.env;
  const base = `${url}/${workspace}/ogc-api`;

  const call = (address: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(address, url), { ...init, headers: { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) } });
  const post = (address: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    call(address, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });

  return {
    async deploy(href) {
      const id = `suite-${randomUUID()}`;
      const answer = await post(`${base}/processes`, { processDescription: { id }, executionUnit: { href, type: 'application/cwl' } });
      if (!answer.ok) {
        const { detail = '' } = (await answer.json()) as Problem;
        return { refused: `${answer.status} ${detail}` };
      }
      const { inputs, outputs } = (await (await call(`${base}/processes/${id}`)).json()) as { inputs: object; outputs: object };
      return { id, inputs: Object.keys(inputs), outputs: Object.keys(outputs) };
    },

    async execute(id, inputs) {
      const accepted = await post(`${base}/processes/${id}/execution`, { inputs }, { prefer: 'respond-async' });
      if (!accepted.ok) throw new Error(`execution refused: ${accepted.status} ${((await accepted.json()) as Problem).detail ?? ''}`);
      const { jobID } = (await accepted.json()) as { jobID: string };
      for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
        const job = (await (await call(`${base}/jobs/${jobID}`)).json()) as { status: string; message?: string };
        if (job.status === 'successful') break;
        if (job.status === 'failed' || job.status === 'dismissed') throw new Error(`the run ${job.status}: ${job.message ?? ''}`);
        await sleep(pause);
      }
      return (await (await call(`${base}/jobs/${jobID}/results?f=json`)).json()) as JsonObject;
    },

    async undeploy(id) {
      await call(`${base}/processes/${id}`, { method: 'DELETE' });
    },

    async download(href) {
      const answer = await call(href);
      if (!answer.ok) throw new Error(`${href} answers ${answer.status}`);
      return Buffer.from(await answer.arrayBuffer());
    },
  };
}
