import { parseArgs } from 'node:util';
import { z } from 'zod';
import { pathOf } from './problem.ts';

/** What a field's `.meta()` may say besides `description`. */
declare module 'zod' {
  interface GlobalMeta {
    /** Name of its environment variable; default `RUNNEL_` and the field's name in capitals. */
    env?: string;
    /** Its value is never shown. */
    secret?: boolean;
  }
}

export type Loaded<T> =
  | { readonly kind: 'config'; readonly config: T }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'invalid'; readonly text: string };

/** `true`/`false`, `1`/`0`, `yes`/`no` from the environment, or a bare `--flag`. */
export const flag = z.union([z.boolean(), z.stringbool()]);

/** A whole number from the environment or an option. */
export const whole = z.coerce.number().int();

/**
 * Reads a service's configuration: options (`--log-level debug`) win over the environment (`RUNNEL_LOG_LEVEL`), defaults come from the schema.
 * Faults name the variable, what was expected and what was found (secrets masked).
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
  program = 'runnel',
): Loaded<z.output<S>> {
  const fields = fieldsOf(schema);
  const options = readOptions(fields, argv);
  if (typeof options === 'string') return { kind: 'invalid', text: `${options}\nSee ${program} --help` };
  if (options['help'] === true) return { kind: 'help', text: helpText(schema, program) };
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    const value = options[field.option] ?? env[field.env];
    if (value !== undefined && value !== '') input[field.key] = value;
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return { kind: 'config', config: parsed.data };
  const lines = parsed.error.issues.map((issue) => fault(fields, input, issue));
  return { kind: 'invalid', text: `${lines.join('\n')}\nSee ${program} --help` };
}

/** The `--help` of a configuration: every option with its environment variable, meaning and default. */
export function helpText(schema: z.ZodObject, program: string): string {
  const rows = fieldsOf(schema).map((field) => [`  --${field.option}`, field.env, describe(field)] as const);
  const width = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  const [first, second] = [width(0), width(1)];
  const lines = rows.map(([option, variable, text]) => `${option.padEnd(first)}  ${variable.padEnd(second)}  ${text}`);
  return `Usage: ${program} [options]\n\nOptions win over environment variables.\n\n${lines.join('\n')}\n`;
}

/** The fields of a schema that the environment says something about, as texts. */
export function environmentOf(schema: z.ZodObject, env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const said = fieldsOf(schema).flatMap(({ key, env: name }) => {
    const value = env[name];
    return value === undefined || value === '' ? [] : [[key, value] as const];
  });
  return Object.fromEntries(said);
}

interface Field {
  readonly key: string;
  readonly option: string;
  readonly env: string;
  readonly description: string;
  readonly default: unknown;
  readonly required: boolean;
  readonly secret: boolean;
  readonly boolean: boolean;
}

function fieldsOf(schema: z.ZodObject): Field[] {
  return Object.entries(schema.shape).map(([key, type]) => {
    const found = unwrap(type as z.ZodType);
    const words = key.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2');
    return {
      key,
      option: words.toLowerCase(),
      env: found.meta.env ?? `RUNNEL_${words.replaceAll('-', '_').toUpperCase()}`,
      description: found.meta.description ?? '',
      default: found.default,
      required: !(type as z.ZodType).safeParse(undefined).success,
      secret: found.meta.secret ?? false,
      boolean: found.inner === flag || found.inner instanceof z.ZodBoolean,
    };
  });
}

/** Metadata may sit on any layer of `.optional()`, `.default()`; the outermost wins. */
function unwrap(type: z.ZodType): { meta: z.GlobalMeta; default: unknown; inner: z.ZodType } {
  const meta = type.meta() ?? {};
  if (type instanceof z.ZodDefault || type instanceof z.ZodOptional || type instanceof z.ZodPrefault) {
    const below = unwrap(type.unwrap() as z.ZodType);
    const value: unknown = type instanceof z.ZodOptional ? below.default : type.def.defaultValue;
    return { meta: { ...below.meta, ...meta }, default: value, inner: below.inner };
  }
  return { meta, default: undefined, inner: type };
}

function readOptions(fields: readonly Field[], argv: readonly string[]): Readonly<Record<string, string | boolean | undefined>> | string {
  const options = Object.fromEntries(
    fields.map((field) => [field.option, { type: field.boolean ? ('boolean' as const) : ('string' as const) }]),
  );
  try {
    return parseArgs({ args: [...argv], options: { ...options, help: { type: 'boolean' } }, allowNegative: true }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function describe(field: Field): string {
  if (field.required) return `${field.description} (required)`;
  if (field.default === undefined) return field.description;
  return `${field.description} (default: ${typeof field.default === 'string' ? field.default : JSON.stringify(field.default)})`;
}

function fault(fields: readonly Field[], input: Readonly<Record<string, unknown>>, issue: z.core.$ZodIssue): string {
  const field = fields.find(({ key }) => key === issue.path[0]);
  if (!field) return `${pathOf(issue.path)}: ${issue.message}`;
  const value = input[field.key];
  const found = value === undefined ? 'it is not set' : `found ${field.secret ? '(hidden)' : JSON.stringify(value)}`;
  return `${field.env} (--${field.option}): ${issue.message.replace(/, received .*$/, '')}; ${found}`;
}
