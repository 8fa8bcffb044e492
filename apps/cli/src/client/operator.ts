import type { Messaging } from '@runnel/messaging';
import type { Database } from '@runnel/postgres';
import type { Command } from 'commander';
import { readAddresses, type Addresses } from '../up/addresses.ts';
import { CliError } from './cli-error.ts';

export interface OperatorOptions {
  data: string;
  postgres?: string;
  nats?: string;
  objects?: string;
}

/** Options of the commands that an operator uses on an installation itself, not through the API. */
export function withInstallation(command: Command): Command {
  return command
    .option('--data <DIR>', 'folder given to `runnel up`', './runnel-data')
    .option('--postgres <URL>', 'its Postgres, instead of --data (or RUNNEL_POSTGRES_URL)', process.env['RUNNEL_POSTGRES_URL'])
    .option('--nats <URL>', 'its NATS server, instead of --data (or RUNNEL_NATS_URL)', process.env['RUNNEL_NATS_URL'])
    .option('--objects <URI>', 'its object store, instead of --data (or RUNNEL_OBJECTS)', process.env['RUNNEL_OBJECTS']);
}

/** Addresses from the options, the rest from the data folder. */
export async function installationOf(
  options: OperatorOptions,
): Promise<Pick<Addresses, 'postgres' | 'nats' | 'natsUser' | 'natsPassword' | 'objects'>> {
  const { postgres, nats, objects } = options;
  if (postgres !== undefined && nats !== undefined && objects !== undefined) return { postgres, nats, objects };
  const found = await readAddresses(options.data);
  return {
    ...found,
    ...(postgres === undefined ? {} : { postgres }),
    ...(nats === undefined ? {} : { nats }),
    ...(objects === undefined ? {} : { objects }),
  };
}

/** Runs `work` on the installation's database and closes it. */
export async function withDatabase<T>(options: OperatorOptions, work: (database: Database) => Promise<T>): Promise<T> {
  const { openDatabase, ServiceUnavailable } = await import('@runnel/postgres');
  const url = options.postgres ?? (await readAddresses(options.data)).postgres;
  const database = await openDatabase({ url, name: 'runnel-cli', poolSize: 2 }).catch((error: unknown) => {
    if (error instanceof ServiceUnavailable)
      throw new CliError('its Postgres does not answer', `Is it running? runnel up --data ${options.data}`);
    throw error;
  });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Runs `work` on the installation's message bus, as the operator. */
export async function withMessaging<T>(options: OperatorOptions, work: (messaging: Messaging) => Promise<T>): Promise<T> {
  const [{ connect }, { createLogger }] = await Promise.all([import('@runnel/messaging'), import('@runnel/service')]);
  const { nats: url, natsUser: user, natsPassword: password } = await installationOf(options);
  const logger = createLogger({ service: 'cli', level: 'silent' });
  const messaging = await within(5000, connect({ url, user, password, service: 'operator', logger }), 'its NATS server does not answer');
  try {
    return await work(messaging);
  } finally {
    await messaging.close();
  }
}

async function within<T>(milliseconds: number, work: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CliError(otherwise, 'Is it running? `runnel doctor` tells more.')), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
