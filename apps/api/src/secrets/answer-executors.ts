import { setTimeout as sleep } from 'node:timers/promises';
import { isProved, sealAnswer } from '@runnel/access';
import type { GivenSecrets } from '@runnel/access/sealed-answer';
import { SecretsAsked, SecretsGiven } from '@runnel/contracts';
import type { DataOf } from '@runnel/contracts';
import { outgoing, publishEphemeral, subscribeEphemeral } from '@runnel/messaging';
import type { ApiContext } from '../context.ts';
import { SealBroken } from './seal.ts';
import { forgetHidden } from './secret-inputs.ts';
import { placeIn } from './secret-rows.ts';

type Services = Pick<ApiContext, 'database' | 'messaging' | 'config' | 'logger' | 'seal'>;
type Question = DataOf<typeof SecretsAsked>;

/** Milliseconds between looks for secret inputs of runs that have ended. */
const pause = 60_000;

/**
 * Answers executors that ask for the secrets of an attempt: only who proves to be one, only for an attempt that is under way, and sealed for who
 * asked. Of several apis one answers. Also forgets the secret inputs of runs that have ended.
 */
export function answerExecutors(services: Services): { close(): Promise<void> } {
  const { messaging, logger } = services;
  const subscription = subscribeEphemeral(messaging, SecretsAsked, { queue: 'secrets' }, async ({ data }) => {
    const answer = await answerTo(services, data);
    if ('refused' in answer) logger.warn({ run: data.run, step: data.step, executor: data.executor, ...answer }, 'secrets were refused');
    publishEphemeral(messaging, outgoing(SecretsGiven, { executor: data.executor, ask: data.ask, ...answer }));
  });
  const stopping = new AbortController();
  const forgetting = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(pause, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (!stopping.signal.aborted)
        await forgetHidden(services.database).catch((error: unknown) => logger.warn({ error }, 'secret inputs could not be forgotten'));
    }
  })();
  return {
    close: async () => {
      stopping.abort();
      await Promise.all([subscription.close(), forgetting]);
    },
  };
}

async function answerTo(services: Services, question: Question): Promise<{ sealed: string } | { refused: string }> {
  const { runTokenKey } = services.config;
  if (runTokenKey === undefined) return { refused: 'the api has no key that it shares with executors (RUNNEL_RUN_TOKEN_KEY)' };
  if (!isProved(runTokenKey, question, question.proof)) return { refused: 'the question is not proved to be that of an executor' };
  try {
    const given = await secretsOf(services, question);
    return typeof given === 'string' ? { refused: given } : { sealed: sealAnswer(question.key, given) };
  } catch (error) {
    if (error instanceof SealBroken) return { refused: error.message };
    throw error;
  }
}

interface Row {
  process: string;
  own: boolean;
  secrets: { name: string; sealed: string; steps: string[] }[];
  hidden: { reference: string; sealed: string }[];
}

async function secretsOf({ database, seal }: Services, { workspace, run, step, attempt }: Question): Promise<GivenSecrets | string> {
  const { rows } = await database.pool.query<Row>({
    name: 'secrets-of-attempt',
    text: `
select r.process_id as process, r.process_workspace = $1 as own,
  coalesce((select json_agg(json_build_object('name', name, 'sealed', encode(sealed, 'base64'), 'steps', steps)) from secrets where workspace = $1),
    '[]') as secrets,
  coalesce((select json_agg(json_build_object('reference', reference, 'sealed', encode(sealed, 'base64'))) from run_secrets where run_id = r.id),
    '[]') as hidden
from runs r join steps s on s.run_id = r.id and s.step = $3 and s.attempt = $4 and s.state in ('requested', 'running')
where r.id = $2 and coalesce(r.executing_workspace, r.workspace) = $1 and not r.stopped`,
    values: [workspace, run, step, attempt],
  });
  const [row] = rows;
  if (!row) return 'no such attempt is under way';
  // Code of others, which executes here as a public workflow does, is given none of ours.
  const own = row.own ? row.secrets.filter(({ steps }) => steps.some((one) => isFor(row.process, one, step))) : [];
  if (own.length + row.hidden.length === 0) return { environment: {}, inputs: {} };
  if (!seal) return 'the api has no key for secrets (RUNNEL_SECRETS_KEYS)';
  const opened = (place: string, sealed: string): string => seal.open(place, Buffer.from(sealed, 'base64'));
  return {
    environment: Object.fromEntries(own.map(({ name, sealed }) => [name, opened(`${workspace}/${name}`, sealed)])),
    inputs: Object.fromEntries(row.hidden.map(({ reference, sealed }) => [reference, opened(`${run}/${reference}`, sealed)])),
  };
}

/** Elements of a scattered step are that step. */
function isFor(process: string, named: string, step: string): boolean {
  const place = placeIn(process, named);
  return place === '' || place === step.replaceAll(/\[\d+\]/g, '');
}
