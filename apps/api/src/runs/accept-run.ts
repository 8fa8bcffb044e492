import { nameOf } from '@runnel/access';
import type { JsonObject, Process } from '@runnel/cwl';
import { stored } from '@runnel/engine';
import type { AcceptedRun, RunValues } from '@runnel/engine';
import { putValue } from '@runnel/objects';
import { largestValueBytes, needRun } from '@runnel/postgres';
import type { Write } from '@runnel/postgres';
import { crashPoint, Problem } from '@runnel/service';
import type { ApiContext } from '../context.ts';
import { fetchFile } from '../outbound/fetch-input.ts';
import { recordIdempotent } from '../idempotency/idempotency-key.ts';
import type { IdempotentRequest } from '../idempotency/idempotency-key.ts';
import { refuseAboveQuota } from '../quotas/refuse-above-quota.ts';
import { timeLimits } from '../quotas/time-limits.ts';
import type { LimitsRequest } from '../quotas/time-limits.ts';
import { hideInputs, keepHidden } from '../secrets/secret-inputs.ts';
import { openBuckets } from '../stage-in/buckets.ts';
import type { Buckets } from '../stage-in/buckets.ts';
import type { FiringKey } from '../triggers/note-started.ts';
import { requireActive } from '../workspaces/require-active.ts';
import { surroundingsOf } from '../workspaces/surroundings-of.ts';
import type { DeployedProcess } from '../processes/find-process.ts';
import type { RunRow } from './run-row.ts';
import { storeResults } from './resumed-run.ts';
import type { ResumedRun } from './resumed-run.ts';
import { checkInputs, refusalOf } from './check-inputs.ts';
import type { Caller, Fetching, InputFault } from './resolve-inputs.ts';
import type { RunDetails } from './run-details.ts';
import { stageIn } from './stored-log.ts';
import { uuidV7 } from './uuid-v7.ts';
import { writeAccepted } from './write-accepted.ts';

export interface Execution {
  readonly process: DeployedProcess;
  readonly caller: Caller;
  /** Where it executes; default: the caller's workspace. */
  readonly executing?: string;
  /** Its results must be a STAC catalogue. */
  readonly catalogue?: true;
  /** What was done with its inputs, for the log of staging in. */
  readonly notes?: readonly string[];
  /** Inputs that do not fit: refuse the execution, or accept a run that has failed at once. */
  readonly misfit?: 'refuse' | 'fail';
  /** CWL input object whose files are named by users' addresses. */
  readonly inputs: JsonObject;
  /** It goes on from this run, with its inputs but for those that are given. */
  readonly resumes?: ResumedRun | undefined;
  /** How long it may take; default: what its workspace says. */
  readonly limits?: LimitsRequest | undefined;
  readonly details?: RunDetails;
  /** How its caller wants the results, for the face that shows them. */
  readonly request?: RunRow['request'];
  /** Address of the face for links in what its subscribers are told. */
  readonly base?: string;
  readonly traceparent?: string | undefined;
  /** May come twice: throws KeyTaken where it did, in this instant. */
  readonly idempotent?: IdempotentRequest | undefined;
  /** What of a trigger starts it, noted in the transaction that accepts it; throws AlreadyFired. */
  readonly firing?: FiringKey | undefined;
}

export type AcceptOutcome =
  { readonly kind: 'accepted'; readonly run: RunRow } | { readonly kind: 'refused'; readonly faults: readonly InputFault[] };

type Services = Pick<
  ApiContext,
  | 'database'
  | 'objects'
  | 'policy'
  | 'audit'
  | 'packages'
  | 'messaging'
  | 'relay'
  | 'metrics'
  | 'config'
  | 'workspaces'
  | 'acceptances'
  | 'seal'
>;

/** Accepts a run: checks its inputs against the process, then writes its first event, its row and its messages in one transaction. */
export async function acceptRun(services: Services, execution: Execution): Promise<AcceptOutcome> {
  const { process, caller, traceparent, catalogue, request = null, base = '' } = execution;
  const { package: pkg, engine } = await services.packages.get(process);
  const main = pkg.processes[process.entry];
  if (!main) throw new Error(`the package of ${process.workspace}/${process.id} has no process ${process.entry}`);
  const executing = execution.executing ?? caller.workspace;
  const now = Date.now();
  for (const workspace of new Set([caller.workspace, executing])) requireActive(services.workspaces, workspace, new Date(now));
  const { quota: shares } = services.workspaces.of(executing);
  const allowed = timeLimits(shares, execution.limits);
  if ('faults' in allowed) return { kind: 'refused', faults: allowed.faults };
  const quota = await refuseAboveQuota(services.database, executing, shares);
  const run = uuidV7(now);
  // With the rights of who calls, wherever it executes.
  const buckets = openBuckets(services, caller.workspace);
  const fetched = async (href: string, name: string) =>
    fetchFile(
      services.objects,
      services.config,
      await buckets.source(href),
      `${executing}/values/${run}/fetched/${encodeURIComponent(name)}`,
    );
  const staging = stagingOf(services, buckets, executing, run);
  const { resumes } = execution;
  const given = {
    caller: { ...caller, fetched, staging },
    inputs: execution.inputs,
    namespaces: pkg.namespaces,
    ...(resumes && { earlier: resumes.inputs }),
  };
  const checked = await checkInputs(services, main, given, executing);
  const found = 'faults' in checked ? checked : hidden(services, main, checked.inputs);
  if ('faults' in found && execution.misfit !== 'fail') return { kind: 'refused', faults: found.faults };
  const refusal = 'faults' in found ? refusalOf(found.faults) : undefined;
  await writeNotes(services, `${executing}/logs/${run}/${stageIn}/1/0.log`, [
    ...(execution.notes ?? []),
    ...staging.notes,
    ...(refusal ? [refusal.reason] : []),
  ]);
  const accepted: AcceptedRun = {
    run,
    workspace: executing,
    ...(executing === caller.workspace ? {} : { caller: caller.workspace }),
    ...(catalogue === true ? { catalogue } : {}),
    process: { workspace: process.workspace, id: process.id, version: String(process.revision), digest: process.digest },
    entry: process.entry,
    inputs: 'faults' in found ? {} : await storeLarge(services, executing, run, found.inputs),
    acceptedAt: new Date(now).toISOString(),
    ...(resumes && { resumes: await storeResults(services, executing, run, resumes) }),
    ...(Object.keys(allowed.limits).length === 0 ? {} : { limits: allowed.limits }),
    ...surroundingsOf(services.workspaces.of(executing), {
      process: process.workspace === executing ? process.id : undefined,
      secretInputs: 'hidden' in found && found.hidden.size > 0,
    }),
  };
  const checks = [
    ...(resumes ? [needed(resumes.run)] : []),
    ...(execution.idempotent ? [recordIdempotent(execution.idempotent, run)] : []),
    ...quota,
  ];
  const row = await writeAccepted(services, engine, {
    accepted,
    refusal,
    principal: nameOf(caller.principal),
    details: execution.details ?? {},
    request,
    base,
    traceparent,
    checks,
    also: services.seal && 'hidden' in found ? keepHidden(services.seal, run, found.hidden) : [],
    firing: execution.firing,
  });
  services.relay.kick();
  services.metrics.accepted.inc();
  return { kind: 'accepted', run: row };
}

/** What is fetched for this run's inputs, together: how much, and for how long. */
function stagingOf(services: Services, buckets: Buckets, executing: string, run: string): Fetching['staging'] {
  const { outboundHosts: allowedHosts, maxStageInBytes: left, stageInSeconds } = services.config;
  const limits = { allowedHosts, left, signal: AbortSignal.timeout(stageInSeconds * 1000) };
  return { services, limits, buckets, workspace: executing, prefix: `${executing}/values/${run}/stage-in`, notes: [] };
}

/** Inputs without what is secret in them, which is kept apart; a service that has no key for secrets cannot keep any. */
function hidden({ seal }: Services, main: Process, inputs: JsonObject): ReturnType<typeof hideInputs> {
  const found = hideInputs(main, inputs);
  if ('faults' in found || found.hidden.size === 0 || seal) return found;
  return {
    faults: [{ path: '', message: 'the process has secret inputs (cwltool:Secrets), and this service has no key to keep them with' }],
  };
}

/** What it goes on from stays until this one has ended. */
function needed(run: string): Write {
  return {
    ...needRun(run),
    check: (rows) => {
      if (rows.length === 0) throw new Problem({ status: 409, title: 'Conflict', detail: `run ${run} was deleted meanwhile` });
    },
  };
}

/** Stands beside the logs of steps: what is not a step's is told there. */
async function writeNotes({ objects }: Services, key: string, notes: readonly string[]): Promise<void> {
  if (notes.length === 0) return;
  crashPoint('api.accept.before-notes');
  await objects.put(key, notes.map((note) => `${note}\n`).join(''), { derived: true });
  crashPoint('api.accept.after-notes');
}

/** Values too large for an event become objects (rule 12). A run that is then not accepted leaves them to garbage collection. */
async function storeLarge({ objects }: Services, workspace: string, run: string, inputs: JsonObject): Promise<RunValues> {
  const values: RunValues = {};
  for (const [name, value] of Object.entries(inputs)) {
    const text = JSON.stringify(value);
    if (text.length <= largestValueBytes && Buffer.byteLength(text) <= largestValueBytes) {
      values[name] = value;
      continue;
    }
    const key = `${workspace}/values/${run}/inputs/${encodeURIComponent(name)}.json`;
    crashPoint('api.accept.before-put');
    await putValue(objects, key, value);
    crashPoint('api.accept.after-put');
    values[name] = stored({ key, ...(Array.isArray(value) ? { length: value.length } : {}) });
  }
  return values;
}
