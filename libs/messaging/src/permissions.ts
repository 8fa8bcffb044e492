import type { Contract, Service } from '@runnel/contracts';
import { CatalogueChanged, contracts, EventRefused, services, subjectOf, subjectPattern } from '@runnel/contracts';
import { inboxOf } from './connect.ts';
import { durablePlans, pipelineSubject, streamNames } from './topology.ts';

export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Services with an outbox relay. A relay sends whatever row comes next, also of a service that died before it could: they share subjects. */
const relaying: readonly Service[] = ['api', 'scheduler', 'ingester', 'harvester'];

/** What a service may do on the bus: derived from who emits and who reads each contract, and from the durables that are its own. */
export function permissionsOf(service: Service, prefix: string): Permissions {
  const all: readonly Contract[] = contracts;
  const relays = relaying.includes(service);
  const { work, orders, status, dead, told, pipelines } = streamNames(prefix);
  const sent = all.filter(
    (c) =>
      c.from.includes(service) ||
      (relays && c.delivery !== 'ephemeral' && c.from.some((name) => relaying.includes(name))) ||
      // An operator's dead letters are sent again through it, whoever sent them first.
      (service === 'api' && c.delivery !== 'ephemeral'),
  );
  const heard = all.filter((c) => c.delivery === 'ephemeral' && c.to.includes(service));
  const own = durablePlans(prefix).filter((plan) => plan.service === service);
  return {
    publish: [
      ...sent.map((c) => subjectPattern(c, prefix)),
      ...own.flatMap(({ stream, durable }) => reading(stream, durable)),
      `${prefix}.dead.${service}.*`,
      `$JS.API.STREAM.INFO.${work}`,
      `$JS.API.STREAM.INFO.${orders}`,
      ...(service === 'executor' ? shards(orders) : []),
      ...(service === 'scheduler' ? [`$JS.API.CONSUMER.DELETE.${orders}.*`] : []),
      ...(service === 'api' || service === 'scheduler' ? declaring([work, orders, status, dead, told, pipelines]) : []),
      ...(service === 'api' ? [...following(status), ...tending(dead)] : []),
    ],
    subscribe: [`${inboxOf(service)}.>`, ...heard.map((c) => subjectPattern(c, prefix))],
  };
}

/** A program outside that publishes events into one workspace and is told of its catalogue. */
export interface Pipeline {
  readonly name: string;
  readonly workspace: string;
}

/** User name of a pipeline on the bus. */
export const pipelineUser = ({ name }: Pick<Pipeline, 'name'>): string => `pipeline-${name}`;

/**
 * What a pipeline may do on the bus: publish on its own subject, hear what its workspace is told, and read the same from the stream with one
 * durable of its own, whose filter the server checks. Nothing else.
 */
export function pipelinePermissions(pipeline: Pipeline, prefix: string): Permissions {
  const { told } = streamNames(prefix);
  const user = pipelineUser(pipeline);
  const catalogue = subjectOf(CatalogueChanged, pipeline.workspace, prefix);
  return {
    publish: [
      pipelineSubject(pipeline.workspace, pipeline.name, prefix),
      `$JS.API.CONSUMER.CREATE.${told}.${user}.${catalogue}`,
      ...reading(told, user),
    ],
    subscribe: [`${inboxOf(user)}.>`, catalogue, subjectOf(EventRefused, pipeline.workspace, prefix)],
  };
}

/** Reading a durable: its info, its messages, acknowledging them. */
function reading(stream: string, durable: string): string[] {
  return [`$JS.API.CONSUMER.INFO.${stream}.${durable}`, `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, `$JS.ACK.${stream}.${durable}.>`];
}

/** Executors make and read the consumers of the orders stream, and nothing else. */
function shards(orders: string): string[] {
  return [...reading(orders, '*'), `$JS.API.CONSUMER.DURABLE.CREATE.${orders}.*`, `$JS.API.CONSUMER.CREATE.${orders}.>`];
}

/** Declaring streams and durables, never deleting them. */
function declaring(streams: readonly string[]): string[] {
  return streams.flatMap((stream) => [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.CREATE.${stream}`,
    `$JS.API.STREAM.UPDATE.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.*`,
  ]);
}

/** An ordered consumer of the status stream: made, read and removed under a random name. */
function following(status: string): string[] {
  return [
    `$JS.API.CONSUMER.CREATE.${status}`,
    `$JS.API.CONSUMER.CREATE.${status}.>`,
    `$JS.API.CONSUMER.INFO.${status}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${status}.*`,
    `$JS.API.CONSUMER.DELETE.${status}.*`,
  ];
}

/** Reading and deleting single messages of the dead-letter stream: what operators ask of the api. */
function tending(dead: string): string[] {
  return [
    `$JS.API.DIRECT.GET.${dead}`,
    `$JS.API.DIRECT.GET.${dead}.>`,
    `$JS.API.STREAM.MSG.GET.${dead}`,
    `$JS.API.STREAM.MSG.DELETE.${dead}`,
  ];
}

export interface NatsServerConfig {
  readonly host?: string;
  readonly port: number;
  /** JetStream's folder. */
  readonly storeDir: string;
  /** Password by user: the services and `operator`. The file that holds this text is to be of mode 0600. */
  readonly users: Readonly<Record<Service | 'operator', string>>;
  /** Programs outside, each with its password. */
  readonly pipelines?: readonly (Pipeline & { readonly password: string })[];
  readonly prefix?: string;
  /** Bytes JetStream may use on disk; default 4 GiB. */
  readonly maxFileStore?: number;
  /** Written when the server listens. */
  readonly portsFileDir?: string;
}

/** Text of a nats-server configuration: one user per service with the permissions of `permissionsOf`, one per pipeline; the operator may do everything. */
export function natsServerConfig(config: NatsServerConfig): string {
  const prefix = config.prefix ?? 'rn';
  const users = [
    ...services.map((service) => userText(service, config.users[service], permissionsOf(service, prefix))),
    ...(config.pipelines ?? []).map((one) => userText(pipelineUser(one), one.password, pipelinePermissions(one, prefix))),
  ];
  return `host: ${JSON.stringify(config.host ?? '127.0.0.1')}
port: ${config.port}
server_name: runnel
max_payload: 1MB
${config.portsFileDir === undefined ? '' : `ports_file_dir: ${JSON.stringify(config.portsFileDir)}\n`}jetstream {
  store_dir: ${JSON.stringify(config.storeDir)}
  max_file_store: ${config.maxFileStore ?? 4 * 1024 ** 3}
}
authorization {
  users: [
    { user: "operator", password: ${JSON.stringify(config.users.operator)} }
${users.join('\n')}
  ]
}
`;
}

function userText(user: string, password: string, { publish, subscribe }: Permissions): string {
  return `    { user: ${JSON.stringify(user)}, password: ${JSON.stringify(password)}, permissions: {
      publish: ${JSON.stringify([...new Set(publish)])}
      subscribe: ${JSON.stringify([...new Set(subscribe)])}
    } }`;
}
