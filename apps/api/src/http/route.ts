import { applyDecorators, HttpCode, RequestMapping, RequestMethod, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { Action, Principal } from '@runnel/access';
import type { Problem } from '@runnel/service';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What is known of a route beside its handler: policy, documentation and tests read it. */
export interface RouteAbout {
  readonly action: Action;
  /** One line for the API description. */
  readonly summary: string;
  /** What a caller of another workspace gets; default: a plain 404. */
  readonly foreign?: (request: FastifyRequest) => Problem;
  /** Where the administrator lets callers without a token in, this route shows them what is public (`--public-echo`). */
  readonly open?: true;
  readonly query?: z.ZodObject;
  readonly body?: { readonly types: readonly string[]; readonly schema?: z.ZodType; readonly optional?: true };
  /** Answers by status; those that every route may give (400, 401, 403, 404, 503) are added by `open-api.ts`. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
}

export interface RouteAnswer {
  readonly description: string;
  /** Media types; default `application/json`. */
  readonly type?: string | readonly string[];
  readonly schema?: z.ZodType;
  /** It has no body, though its status might have one. */
  readonly empty?: true;
}

/** A body of JSON of this shape. */
export const jsonBody = (schema: z.ZodType): NonNullable<RouteAbout['body']> => ({ types: ['application/json'], schema });

export const ABOUT = Symbol('route');

/** Maps a method to its handler. Every route goes through this decorator: one without is refused to everybody. */
export function Route(method: Method, path: string, about: RouteAbout): MethodDecorator {
  return applyDecorators(
    RequestMapping({ method: RequestMethod[method], path }),
    // What a handler says nothing else of is answered as it is described, where Nest would say 201 to every POST.
    HttpCode(Math.min(...Object.keys(about.answers).map(Number))),
    RouteConfig({ about }),
    SetMetadata(ABOUT, { method, path, about }),
  );
}

declare module 'fastify' {
  interface FastifyContextConfig {
    about?: RouteAbout;
  }
  interface FastifyRequest {
    /** Set before any route runs. */
    principal: Principal;
  }
}
