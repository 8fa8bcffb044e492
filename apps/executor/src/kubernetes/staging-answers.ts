import { CollectRequest, PlanRequest, UrlsRequest, type CollectResponse, type StagePlan, type UrlsResponse } from '@runnel/kube-pod';
import { isFreshContent, putValue, type DirectAccess, type ObjectStore } from '@runnel/objects';
import type { AttemptId } from '../steps/attempt.ts';
import { collectStep } from './collect-step.ts';
import { collectedKey } from './keys.ts';
import type { PreparedStep } from './prepare-step.ts';

/** What may be answered to a pod is decided by its attempt's plan alone, so any executor answers. */
export interface StagingAnswers {
  plan(body: unknown): Promise<StagePlan>;
  urls(body: unknown): Promise<UrlsResponse>;
  collect(body: unknown): Promise<CollectResponse>;
}

/** A call that no repetition makes right. */
export class StagingRefused extends Error {
  override readonly name = 'StagingRefused';
}

interface AnswerPorts {
  store: ObjectStore;
  direct: DirectAccess;
  /** The attempt, prepared from its stored plan; rejects with StagingRefused where there is none. */
  prepared: (id: AttemptId) => Promise<PreparedStep>;
}

/** The answers to the calls of one attempt: `id` is what the caller's token proves. */
export function stagingAnswers({ store, direct, prepared }: AnswerPorts, id: AttemptId): StagingAnswers {
  return {
    async plan(body) {
      PlanRequest.parse(body);
      return (await prepared(id)).stage;
    },
    async urls(body) {
      const { get, put, complete } = UrlsRequest.parse(body);
      const { stage } = await prepared(id);
      const allowed = new Set(stage.entries.flatMap((entry) => (entry.kind === 'object' ? [entry.key] : [])));
      for (const { key } of get) if (!allowed.has(key)) throw new StagingRefused(`${key} is no input of this attempt`);
      const keyOf = (sha256: string): string => `${id.workspace}/objects/${sha256}`;
      for (const { sha256, size, uploadId, parts, etags } of complete) {
        const listed = parts.map((part, index) => ({ sha256: part, etag: etags[index] ?? '' }));
        await direct.completeParts(keyOf(sha256), { uploadId, parts: listed, size });
      }
      return {
        version: 1,
        get: await signGets(store, direct, get),
        put: await Promise.all(put.map((one) => signPut(store, direct, keyOf(one.sha256), one))),
      };
    },
    async collect(body) {
      const call = CollectRequest.parse(body);
      const answer = await collectStep(await prepared(id), call, store);
      if (answer.next !== 'done') return answer;
      await putValue(store, collectedKey(id), answer.collected);
      return { next: 'done' };
    },
  };
}

async function signGets(store: ObjectStore, direct: DirectAccess, get: UrlsRequest['get']): Promise<UrlsResponse['get']> {
  const there = await Promise.all(get.map(async ({ key }) => (await store.head(key)) !== undefined));
  const signed = await direct.signGets(get.map(({ key }) => key));
  return signed.map((one, index) => (there[index] === true ? one : { missing: true }));
}

async function signPut(
  store: ObjectStore,
  direct: DirectAccess,
  key: string,
  { sha256, size, parts, uploadId }: UrlsRequest['put'][number],
): Promise<UrlsResponse['put'][number]> {
  const found = await store.head(key);
  // What nobody touched for long may be about to be collected: it is sent again.
  if (found !== undefined && isFreshContent(found, Date.now())) return { present: true };
  if (parts !== undefined) {
    const upload = uploadId ?? (await direct.beginParts(key));
    return { uploadId: upload, parts: await direct.signParts(key, upload, parts) };
  }
  const [signed] = await direct.signPuts([{ key, sha256, size }]);
  if (signed === undefined) throw new Error(`no address was made for ${key}`);
  return signed;
}
