import { placeRun } from '@runnel/access';
import type { Offer, Principal } from '@runnel/access';
import type { CloudEventAttributes } from '@runnel/contracts';
import type { JsonObject } from '@runnel/cwl';
import { Problem } from '@runnel/service';
import { decide } from '../audit/decide.ts';
import type { ApiContext } from '../context.ts';
import { inputsOf } from '../faces/ogc/execute.ts';
import type { DeployedProcess } from '../processes/find-process.ts';
import { acceptRun } from '../runs/accept-run.ts';
import { mapInputs } from './map-inputs.ts';
import { AlreadyFired } from './note-started.ts';
import type { FiringKey } from './note-started.ts';
import type { Trigger } from './trigger-definition.ts';

/** A run that an event is to start, claimed by this api. */
export interface Firing extends FiringKey {
  readonly name: string;
  readonly definition: Trigger;
  readonly workspace: string;
  readonly attributes: CloudEventAttributes;
  readonly data: unknown;
  /** From 1. */
  readonly attempt: number;
  /** Its event was kept then. */
  readonly since: Date;
}

export type FiringServices = Omit<ApiContext, 'triggers'>;
const claimedFor = 60;
/** As many as share a transaction. */
export const claimedAtOnce = 64;

/** Claims firings that are due; one whose outcome is never noted comes again. */
export async function claimFirings({ database }: Pick<FiringServices, 'database'>): Promise<Firing[]> {
  const { rows } = await database.pool.query<Firing>({
    name: 'claim-firings',
    text: `
with claimed as (
  update trigger_firings set due_at = now() + make_interval(secs => ${claimedFor}), attempts = attempts + 1
  where (trigger_id, source, event_id, item) in (
    select trigger_id, source, event_id, item from trigger_firings where outcome = 'pending' and due_at <= now()
    order by due_at limit ${claimedAtOnce} for update skip locked
  )
  returning *
)
select f.trigger_id as trigger, t.name, t.definition, f.workspace, f.source, f.event_id as event, f.item, f.attempts as attempt, f.at as since,
  e.attributes, e.data
from claimed f join triggers t on t.id = f.trigger_id
join cloud_events e on e.workspace = f.workspace and e.source = f.source and e.id = f.event_id`,
  });
  return rows;
}

/** Starts the run of a firing; that it was started is noted in the transaction that accepts it. Returns why it cannot be; rejects where stores are away. */
export async function carryOutFiring(services: FiringServices, firing: Firing): Promise<string | undefined> {
  const { definition, workspace, attributes, data } = firing;
  const found = await findTarget(services, workspace, definition.process);
  if ('reason' in found) return found.reason;
  const resource = { workspace: found.owner, offer: found.offer };
  const decision = await decide(services, { principal: principalOf(firing), action: 'process.execute', resource });
  if (!decision.allow) return decision.message;
  const mapped = mapInputs(definition, { attributes, ...(data === null ? {} : { data }) }, firing.item);
  if ('reason' in mapped) return mapped.reason;
  try {
    const { publicUrl } = services.config;
    const outcome = await acceptRun(services, {
      process: found.process,
      executing: found.executing,
      caller: { principal: principalOf(firing), workspace, origins: publicUrl === undefined ? [] : [publicUrl.replace(/\/+$/, '')] },
      inputs: await targetInputs(services, found.process, mapped.inputs),
      ...(definition.catalogue ? { catalogue: true } : {}),
      firing,
    });
    return outcome.kind === 'refused' ? outcome.faults.map(({ path, message }) => `${path}: ${message}`).join('; ') : undefined;
  } catch (error) {
    if (error instanceof AlreadyFired) return undefined;
    if (error instanceof Problem && error.status < 500) return error.detail ?? error.title;
    throw error;
  }
}

/** What a trigger runs reads what its workspace may read. */
const principalOf = ({ name, workspace }: Firing): Principal => ({
  kind: 'token',
  workspace,
  token: `trigger-${name}`,
  scopes: ['read', 'execute'],
});

async function targetInputs(services: FiringServices, process: DeployedProcess, inputs: JsonObject): Promise<JsonObject> {
  const { package: pkg } = await services.packages.get(process);
  return inputsOf(inputs, pkg.processes[process.entry] ?? { inputs: [] }, services.builtIns.get(process.id)?.shape.inputs);
}

/** The process that a trigger of the workspace names, of whom (every workspace has the built-in ones), and where it would execute. */
export async function findTarget(
  { processes }: Pick<FiringServices, 'processes'>,
  workspace: string,
  name: string,
): Promise<
  | { readonly process: DeployedProcess; readonly owner: string; readonly executing: string; readonly offer: Offer | undefined }
  | { readonly reason: string }
> {
  const [id = '', owner = workspace] = name.split('/').reverse();
  const process = await processes.find(owner, id);
  const offer = (await processes.offers(owner)).get(id);
  const placement = process && placeRun(owner, workspace, offer);
  return process && placement ? { process, owner, executing: placement.executing, offer } : { reason: `there is no process ${name}` };
}
