import { nameOf } from '@runnel/access';
import { partitionOf, RunAccepted, RunStatusChanged } from '@runnel/contracts';
import { bindInputs, isLiteral, visitPathValues } from '@runnel/cwl';
import type { Diagnostic, JsonObject } from '@runnel/cwl';
import { stored } from '@runnel/engine';
import type { AcceptedRun, RunEngine, RunEvent, RunValues } from '@runnel/engine';
import { outboxRows, outgoing } from '@runnel/messaging';
import { putValue } from '@runnel/objects';
import { appendWrites, largestValueBytes, writeTogether } from '@runnel/postgres';
import { crashPoint } from '@runnel/service';
import { insertCallbacks } from '../callbacks/callback-rows.ts';
import type { ApiContext } from '../context.ts';
import { fetchFile } from '../outbound/fetch-input.ts';
import type { DeployedProcess } from '../processes/find-process.ts';
import type { RunRow } from './find-runs.ts';
import { scheme } from './addresses.ts';
import { resolveInputs } from './resolve-inputs.ts';
import type { Caller, InputFault } from './resolve-inputs.ts';
import { uuidV7 } from './uuid-v7.ts';

export interface Execution {
  readonly process: DeployedProcess;
  readonly caller: Caller;
  /** CWL input object whose files are named by users' addresses. */
  readonly inputs: JsonObject;
  /** How its caller wants the results, for the face that shows them. */
  readonly request?: RunRow['request'];
  /** Address of the face for links in what its subscribers are told. */
  readonly base?: string;
  readonly traceparent?: string | undefined;
}

export type AcceptOutcome =
  { readonly kind: 'accepted'; readonly run: RunRow } | { readonly kind: 'refused'; readonly faults: readonly InputFault[] };

type Services = Pick<ApiContext, 'database' | 'objects' | 'packages' | 'messaging' | 'relay' | 'metrics' | 'config' | 'callbacks'>;

/** Accepts a run: checks its inputs against the process, then writes its first event, its row and its messages in one transaction. */
export async function acceptRun(
  services: Services,
  { process, caller, inputs, request = null, base = '', traceparent }: Execution,
): Promise<AcceptOutcome> {
  const { package: pkg, engine } = await services.packages.get(process);
  const main = pkg.processes[process.entry];
  if (!main) throw new Error(`the package of ${process.workspace}/${process.id} has no process ${process.entry}`);
  const now = Date.now();
  const run = uuidV7(now);
  const fetched = (href: string, name: string) =>
    fetchFile(services.objects, services.config, href, `${caller.workspace}/values/${run}/fetched/${encodeURIComponent(name)}`);
  const resolved = await resolveInputs(services.objects, { ...caller, fetched }, inputs);
  if ('faults' in resolved) return { kind: 'refused', faults: resolved.faults };
  const bound = bindInputs(main, resolved.inputs, { strictUnknown: true });
  if ('diagnostics' in bound) return { kind: 'refused', faults: bound.diagnostics.map(faultOf) };
  const strays = strayFiles(bound.inputs);
  if (strays.length > 0) return { kind: 'refused', faults: strays };
  const accepted: AcceptedRun = {
    run,
    workspace: caller.workspace,
    process: { workspace: process.workspace, id: process.id, version: String(process.revision), digest: process.digest },
    entry: process.entry,
    inputs: await storeLarge(services, caller.workspace, run, bound.inputs),
    acceptedAt: new Date(now).toISOString(),
  };
  const row = await writeAccepted(services, engine, accepted, { principal: nameOf(caller.principal), request, base, traceparent });
  services.relay.kick();
  if (request?.subscriber) services.callbacks.follow(run);
  services.metrics.accepted.inc();
  return { kind: 'accepted', run: row };
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

async function writeAccepted(
  services: Services,
  engine: RunEngine,
  accepted: AcceptedRun,
  {
    principal,
    request,
    base,
    traceparent,
  }: { principal: string; request: RunRow['request']; base: string; traceparent: string | undefined },
): Promise<RunRow> {
  const state = engine.initialState();
  const events: RunEvent[] = engine.decide(state, { type: 'accept-run', accepted, at: accepted.acceptedAt });
  for (const event of events) engine.evolve(state, event);
  const { phase, progress, message, version } = engine.summary(state);
  const { run, workspace } = accepted;
  const news = { workspace, run, version, status: phase, progress, message, steps: [] };
  const messages = outboxRows(services.messaging, [
    outgoing(RunAccepted, { workspace, run }, { traceparent }),
    outgoing(RunStatusChanged, news, { traceparent }),
  ]);
  crashPoint('api.accept.before-write');
  await writeTogether(services.database, [
    ...appendWrites([{ runId: run, expectedVersion: 0, events }], messages),
    {
      name: 'insert-run',
      text: `
insert into runs (id, partition, workspace, process_workspace, process_id, process_version, process_digest, principal, phase, progress, message,
  version, created_at, updated_at, request)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14)`,
      values: [
        run,
        partitionOf(run),
        workspace,
        accepted.process.workspace,
        accepted.process.id,
        accepted.process.version,
        accepted.process.digest,
        principal,
        phase,
        progress,
        message,
        version,
        accepted.acceptedAt,
        request && JSON.stringify(request),
      ],
    },
    ...(request?.subscriber ? insertCallbacks(run, workspace, request.subscriber, base) : []),
  ]);
  crashPoint('api.accept.after-write');
  const at = new Date(accepted.acceptedAt);
  return {
    id: run,
    workspace,
    processWorkspace: accepted.process.workspace,
    processId: accepted.process.id,
    processVersion: accepted.process.version,
    processDigest: accepted.process.digest,
    phase,
    progress,
    message,
    version,
    failure: null,
    attention: null,
    document: null,
    name: null,
    stopped: false,
    request,
    createdAt: at,
    startedAt: null,
    finishedAt: null,
    updatedAt: at,
  };
}

/** Files that a default of the document names: they were beside it, and are not here. */
function strayFiles(inputs: JsonObject): InputFault[] {
  const faults: InputFault[] = [];
  for (const [path, value] of Object.entries(inputs)) {
    visitPathValues(value, (file) => {
      const { location } = file;
      if (isLiteral(file) || (typeof location === 'string' && location.startsWith(scheme))) return;
      faults.push({ path, message: 'its default names a file that is not here: give one' });
    });
  }
  return faults;
}

/** `inputs.n: expected int` → path `n`: what the caller wrote is the input's name. */
function faultOf({ path, message }: Diagnostic): InputFault {
  return { path: path.replace(/^inputs\./, ''), message };
}
