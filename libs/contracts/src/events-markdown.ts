import { z } from 'zod';
import type { Contract } from './contract.ts';
import { subjectPattern, typeOf } from './routing.ts';

const deliveries = {
  work: 'in the work stream: kept until every consumer has it',
  status: 'in the status stream: for followers, one day',
  told: 'in the stream of what pipelines outside are told: three days',
  ephemeral: 'plain NATS: may be lost',
} as const;

const dedupes = {
  state: 'the state of the run decides: late or repeated news changes nothing',
  key: 'the natural key of its effect',
  inbox: 'a row in the inbox table',
} as const;

/** docs/events.md: one section per contract with who emits it, who reacts, its subject, its fields and its golden example. */
export function eventsMarkdown(contracts: readonly Contract[]): string {
  const sections = contracts.map(section);
  const rows = contracts.map(
    (c) =>
      `| [${c.name}](#${anchor(c)}) | ${c.version} | ${c.from.join(', ')} | ${c.to.join(', ') || '-'} | \`${subjectPattern(c, 'rn')}\` | ${c.delivery} | ${c.dedupe} |`,
  );
  return `# Events

Generated from \`libs/contracts\` by \`make docs\`; do not edit.

Every message is a CloudEvents 1.0 event in binary mode: attributes are NATS headers (\`ce-id\`, \`ce-type\`, \`ce-time\`, \`ce-source\`,
\`ce-specversion\`, and the extensions \`ce-workspace\`, \`ce-run\`, \`ce-causationid\`, \`ce-traceparent\`), the payload is JSON of at most 512 KiB.

| event | version | from | to | subject | delivery | deduplicated by |
|---|---|---|---|---|---|---|
${rows.join('\n')}

${sections.join('\n')}`;
}

function anchor(contract: Contract): string {
  return `${contract.name.replaceAll('.', '')}-v${contract.version}`;
}

function section(contract: Contract): string {
  return `## ${contract.name} v${contract.version}

${contract.summary}

- type \`${typeOf(contract)}\`, subject \`${subjectPattern(contract, 'rn')}\`
- delivery: ${deliveries[contract.delivery]}
- a second copy is recognised by: ${dedupes[contract.dedupe]}

| field | type | required | meaning |
|---|---|---|---|
${fieldRows(contract).join('\n')}

\`\`\`json
${JSON.stringify(contract.golden, null, 2)}
\`\`\`
`;
}

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly description?: string;
}

function fieldRows(contract: Contract): string[] {
  const schema = z.toJSONSchema(contract.schema, { io: 'input' }) as JsonSchema;
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(
    ([name, field]) => `| \`${name}\` | ${typeName(field)} | ${required.has(name) ? 'yes' : 'no'} | ${field.description ?? ''} |`,
  );
}

function typeName(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.type === 'array') return `list of ${schema.items ? typeName(schema.items) : 'anything'}`;
  if (schema.type === 'object' && schema.properties) return `object (${Object.keys(schema.properties).join(', ')})`;
  return schema.type ?? 'any JSON value';
}
