import { commonConfig, databaseConfig, flag, objectsConfig, whole } from '@runnel/service';
import { z } from 'zod';

const mebi = 1024 * 1024;
const list = z
  .string()
  .transform((text) => text.split(',').map((item) => item.trim()))
  .pipe(z.array(z.string().min(1)));

/** What the api reads from its environment and options. */
export const ApiConfig = z.object({
  ...commonConfig,
  ...databaseConfig,
  ...objectsConfig,
  host: z.string().default('127.0.0.1').meta({ description: 'address to listen on' }),
  port: whole.min(0).max(65535).default(8080).meta({ description: 'port to listen on; 0 takes a free one' }),
  publicUrl: z
    .url()
    .optional()
    .meta({ description: 'address under which users reach the api, for links; default: what the request says (Host, X-Forwarded-*)' }),
  publicEcho: flag.default(false).meta({
    description:
      'callers without a token may execute the built-in process echo and see the runs that such callers made of it, nothing else',
  }),
  maxUploadBytes: whole
    .min(1)
    .default(64 * 1024 * mebi)
    .meta({ description: 'largest file that may be put into a workspace, in bytes' }),
  maxRequestBytes: whole
    .min(1)
    .default(10 * mebi)
    .meta({ description: 'largest CWL document or execute request, in bytes' }),
  maxFetchBytes: whole
    .min(1)
    .default(100 * mebi)
    .meta({ description: 'largest file that an execute request may name by reference, in bytes; larger ones are uploaded' }),
  maxStageInBytes: whole
    .min(1)
    .default(4 * 1024 * mebi)
    .meta({ description: 'most that the STAC items of one execute request may bring from elsewhere, in bytes' }),
  stageInSeconds: whole
    .min(1)
    .max(3600)
    .default(300)
    .meta({ description: 'seconds in which that must have come: the caller waits for it' }),
  bodyPatienceSeconds: whole
    .min(1)
    .default(30)
    .meta({ description: 'seconds in which at least as many KiB of a body have to arrive; slower ones are given up (408)' }),
  outboundHosts: list.default([]).meta({
    description:
      'hosts (name or name:port, comma-separated) to which inputs by reference and callbacks may go although their addresses are not public; default: none',
  }),
  callbackSecret: z.string().min(16).optional().meta({
    secret: true,
    description:
      'what callbacks are signed with and webhooks are checked with: each workspace and each repository has a key made of it; default: neither is served',
  }),
  policyUrl: z.url().optional().meta({
    description:
      'OPA server that decides every request, by its decision (http://opa:8181/v1/data/runnel/access/decision); default: the policy of this release, embedded',
  }),
  oidcIssuer: z
    .url()
    .optional()
    .meta({ description: 'identity provider whose tokens (JWT) are accepted, as their "iss" names it; default: none' }),
  oidcAudiences: list
    .default(['oauth2-proxy-workspaces', 'oauth2-proxy', 'account'])
    .meta({ description: 'audiences, one of which such a token must have (comma-separated)' }),
  oidcLeewaySeconds: whole.min(0).max(300).default(30).meta({ description: 'seconds by which its clock may differ' }),
  runTokenKey: z
    .string()
    .min(32)
    .optional()
    .meta({ description: 'secret shared with the executors, which sign tokens of runs with it; default: such tokens are not accepted' }),
  secretsKeys: list
    .pipe(z.array(z.string().min(32)))
    .optional()
    .meta({
      secret: true,
      description:
        'keys with which secrets of workspaces are kept, comma-separated, each of 32 or more characters: the first seals, each opens; default: no secrets are kept',
    }),
  tokenRequestsPerSecond: z.coerce
    .number()
    .positive()
    .optional()
    .meta({ description: 'requests a second of one token, or of one address without a valid token, to each api; default: no limit' }),
  workspaceRequestsPerSecond: z.coerce
    .number()
    .positive()
    .optional()
    .meta({ description: 'requests a second of one workspace whose quota does not say, to each api; default: no limit' }),
  sessionHours: whole
    .min(1)
    .max(8760)
    .default(168)
    .meta({ description: 'hours for which sessions may be renewed after the first one, before who holds them has to sign in again' }),
  triggerDepth: whole.min(1).max(100).default(8).meta({
    description: 'runs that may lead to each other by events and triggers before the chain is stopped as a loop',
  }),
  publicBucketsEndpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      description: 'where s3:// addresses are read as nobody whose bucket a workspace has no credentials for; default: AWS',
    }),
  documentHosts: list.default([]).meta({
    description:
      'hosts (name or name:port, comma-separated) from which documents are fetched at deployment although their addresses are not public; default: none',
  }),
});
export type ApiConfig = z.output<typeof ApiConfig>;
