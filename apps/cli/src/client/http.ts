import { CliError } from './cli-error.ts';

/** Where the API is and as whom to speak to it. */
export interface Target {
  url: string;
  token: string | undefined;
  workspace: string;
}

/** Body of an RFC 7807 answer, as far as the CLI prints it. */
interface ProblemBody {
  title?: string;
  detail?: string;
  errors?: { path?: string; line?: number; column?: number; message?: string }[];
}

export type ApiRequest = Omit<RequestInit, 'body'> & {
  body?: NonNullable<RequestInit['body']> | undefined;
  /** Statuses of 400 and above that the caller handles itself. */
  tolerate?: number[];
};

/** One request with the token; network faults and error answers become CliErrors that say what to do next. */
export async function request(target: Target, path: string, init: ApiRequest = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (target.token !== undefined) headers.set('authorization', `Bearer ${target.token}`);
  const { body, tolerate = [], ...rest } = init;
  let response: Response;
  try {
    response = await fetch(new URL(path, target.url), { ...rest, headers, ...(body === undefined ? {} : { body, duplex: 'half' }) });
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new CliError(
      `no answer from ${target.url}: ${reason}`,
      'Is it running? Start it with `runnel up`, or name another address with --url or RUNNEL_URL.',
    );
  }
  if (!response.ok && !tolerate.includes(response.status)) throw await refusal(target, response);
  return response;
}

export async function requestJson<T>(target: Target, path: string, init: ApiRequest = {}): Promise<T> {
  const response = await request(target, path, { ...init, headers: { accept: 'application/json', ...init.headers } });
  return (await response.json()) as T;
}

export const postJson = (body: unknown, headers: Record<string, string> = {}): ApiRequest => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
});

async function refusal(target: Target, response: Response): Promise<CliError> {
  const text = await response.text();
  const problem = parseProblem(text);
  const lines = (problem.errors ?? []).map((e) =>
    `  ${[e.line, e.column].filter((n) => n !== undefined).join(':')} ${e.path ?? ''} ${e.message ?? ''}`.trimEnd(),
  );
  const message = [`${response.status} ${problem.detail ?? problem.title ?? response.statusText}`, ...lines].join('\n');
  return new CliError(message, hintFor(response.status, target, problem.detail));
}

function parseProblem(text: string): ProblemBody {
  try {
    return JSON.parse(text) as ProblemBody;
  } catch {
    return { detail: text.slice(0, 500) };
  }
}

function hintFor(status: number, target: Target, detail = ''): string | undefined {
  const scope = /lacks the scope "(\w+)"/.exec(detail)?.[1];
  if (scope !== undefined)
    return `Make one that has it: \`runnel token create --data DIR --workspace ${target.workspace} --scope ${scope}\`.`;
  if (status === 401)
    return `Give a token with --token or RUNNEL_TOKEN; make one with \`runnel token create --data DIR --workspace ${target.workspace}\`.`;
  if (status === 404) return 'See what there is: `runnel ps`, `runnel processes`.';
  if (status === 503) return 'A part is away for the moment; `runnel doctor` tells which. Try again shortly.';
  return undefined;
}
