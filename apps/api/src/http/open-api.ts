import type { Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ABOUT } from './route.ts';
import type { Method, RouteAbout, RouteAnswer } from './route.ts';

export interface DescribedRoute {
  readonly method: Method;
  /** With `:name` for parameters. */
  readonly path: string;
  readonly about: RouteAbout;
}

/** Every route of these controllers, under each of their base paths. */
export function routesOf(controllers: readonly Type[]): DescribedRoute[] {
  return controllers.flatMap((controller) => {
    const bases = [Reflect.getMetadata(PATH_METADATA, controller) as string | string[]].flat();
    const prototype = controller.prototype as Record<string, unknown>;
    const routes = Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const method = prototype[name];
      return typeof method === 'function' ? ((Reflect.getMetadata(ABOUT, method) as DescribedRoute | undefined) ?? []) : [];
    });
    return bases.flatMap((base) => routes.map((route) => ({ ...route, path: joined(base, route.path) })));
  });
}

const joined = (base: string, path: string): string =>
  `/${[base, path]
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`;

export interface ApiTitle {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly server: string;
}

export const openApiType = 'application/vnd.oai.openapi+json;version=3.0';

/** As bytes: Fastify would rewrite the type of a text. */
export async function sendOpenApi(reply: FastifyReply, definition: Record<string, unknown>): Promise<void> {
  await reply.type(openApiType).send(Buffer.from(JSON.stringify(definition)));
}

/** OpenAPI 3.0 description of routes; `base` is cut off their paths, since it is in the server's address. */
export function openApiOf(routes: readonly DescribedRoute[], about: ApiTitle, base = ''): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path =
      route.path
        .slice(base.length)
        .replaceAll(/:(\w+)/g, '{$1}')
        .replace('*', '{path}') || '/';
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route, path);
  }
  return {
    openapi: '3.0.3',
    info: { title: about.title, description: about.description, version: about.version, license: { name: 'Apache-2.0' } },
    servers: [{ url: about.server }],
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas: { Problem: schemaOf(problemSchema) } },
  };
}

function operationOf({ method, about }: DescribedRoute, path: string): Record<string, unknown> {
  const open = isOpen(about);
  const query = about.query === undefined ? [] : Object.entries<z.ZodType>(about.query.shape);
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^A-Za-z]+(\w?)/g, (_all, next: string) => next.toUpperCase())}`,
    summary: about.summary,
    ...(open ? {} : { security: [{ token: [] }] }),
    parameters: [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...query.map(([name, schema]) => ({ name, in: 'query', required: isRequired(schema), schema: schemaOf(schema, 'input') })),
    ],
    ...(about.body === undefined
      ? {}
      : { requestBody: { required: about.body.optional !== true, content: contentOf(about.body.types, about.body.schema, 'input') } }),
    responses: { ...answersOf(about.answers), ...errorsOf(about, path) },
  };
}

/** Asked without a token of one's own. */
const isOpen = ({ action }: RouteAbout): boolean => action === 'service.describe' || action === 'token.exchange';

const isRequired = (schema: z.ZodType): boolean => !schema.safeParse(undefined).success;

function answersOf(answers: RouteAbout['answers']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, type, schema, empty }]: [string, RouteAnswer]) => {
      if (Number(status) >= 400 && type === undefined) return [status, { description, content: problemContent }];
      const none = status === '204' || status === '304' || empty === true;
      return [status, none ? { description } : { description, content: contentOf([type ?? 'application/json'].flat(), schema) }];
    }),
  );
}

const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
const errorTexts: Readonly<Record<number, string>> = {
  400: 'Bad request: what is wrong is named',
  401: 'No token, or one that is not valid',
  403: 'The token may not do this',
  404: 'There is no such thing for this token',
  413: 'The body is too large',
  408: 'The body came too slowly',
  415: 'The body is of another media type',
  429: 'Too many requests; Retry-After says when to ask again',
  431: 'The head of the request, its address included, is too large',
  503: 'Something this needs is away; Retry-After says when to ask again',
};

function errorsOf(about: RouteAbout, path: string): Record<string, unknown> {
  const open = isOpen(about);
  const statuses = [
    ...(about.query || about.body ? [400] : []),
    ...(open ? [] : [401, 403]),
    ...(path.includes('{') || !open ? [404] : []),
  ];
  const body = about.body === undefined ? [] : [408, 413, 415];
  const all = [...statuses, ...body, ...(open ? [] : [429, 503]), 431].filter((status) => !(status in about.answers));
  return Object.fromEntries(all.map((status) => [status, { description: errorTexts[status], content: problemContent }]));
}

/** `io`: what is sent need not hold what has a default, what is answered does. */
function contentOf(types: readonly string[], schema: z.ZodType | undefined, io: 'input' | 'output' = 'output'): Record<string, unknown> {
  const described = (type: string): object => (schema === undefined || type === 'text/html' ? {} : { schema: schemaOf(schema, io) });
  return Object.fromEntries(types.map((type) => [type, described(type)]));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: 'openapi-3.0', unrepresentable: 'any', io }) as Record<
    string,
    unknown
  >;
  return rest;
}

/** RFC 7807; documents and inputs that are refused also say where. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  errors: z
    .array(z.object({ path: z.string().optional(), line: z.int().optional(), column: z.int().optional(), message: z.string() }))
    .optional(),
});
