import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { example } from '../client/target-options.ts';
import type { UpOptions } from '../up.ts';
import { serviceNames, type ServiceName } from '../up/service-names.ts';

/** `runnel up`: everything on one machine, or a part of it. */
export function upCommand(program: Command): void {
  const command = program
    .command('up')
    .description('start Runnel here: Postgres, NATS and the five services, or a part of them')
    .option('--data <DIR>', 'folder that holds everything; it is made, and found again on the next start', './runnel-data')
    .option('--port <PORT>', 'port of the API (0: any that is free)', portNumber, 8080)
    .option('--host <ADDRESS>', 'address to listen on', '127.0.0.1')
    .option('--only <SERVICES>', `comma-separated part of: ${serviceNames.join(', ')}`)
    .option('--postgres <URL>', 'use this Postgres instead of an embedded one')
    .option('--nats <URL>', 'use this NATS server (2.11 or newer, with JetStream) instead of an embedded one')
    .option(
      '--objects <URI>',
      'object store (file:///dir/, s3://bucket/prefix/?endpoint=…, see docs/operations.md); default: a folder of --data',
    )
    .option('--images <FILE>', 'images.json: folders that stand for container images on this machine (default: those of `make rootfs`)')
    .addOption(new Option('--backend <WHERE>', 'where steps run').choices(['process', 'kubernetes']).default('process'))
    .option('--kubeconfig <FILE>', 'of the cluster, with --backend kubernetes; more by RUNNEL_… (docs/operations.md)')
    .option('--staging-url <URL>', 'where the pods of that cluster reach this process')
    .option('--slots <N>', 'steps at a time (default: number of cores)', wholeNumber)
    .option('--expression-seconds <N>', 'most CPU seconds that one JavaScript expression may take (default: 5)', wholeNumber)
    .option('--public-url <URL>', 'address under which users reach the API, for links')
    .option('--public-echo', 'callers without a token may execute the process echo (default: where --host is loopback)')
    .option('--no-public-echo', 'nothing without a token')
    .option('--outbound-hosts <HOSTS>', 'hosts with private addresses to which callbacks and inputs by reference may go, comma-separated')
    .option('--policy-url <URL>', 'decision of an OPA server that decides every request (docs/security.md; default: the embedded policy)')
    .option('--oidc-issuer <URL>', 'identity provider whose tokens are accepted beside our own')
    .option('--oidc-audiences <NAMES>', 'audiences, one of which such a token must have (comma-separated)')
    .option('--repositories <FILE>', 'Git branches whose workflows are deployed (docs/operations.md)')
    .option('--pipelines <FILE>', 'programs that publish events on the embedded NATS, each as a user of its own (docs/triggers.md)')
    .option('--poll-seconds <N>', 'seconds between looks at them (default: 60)', wholeNumber)
    .action(async (options: Omit<UpOptions, 'only'> & { only?: string }) => {
      const { up } = await import('../up.ts');
      await up({ ...options, only: parseOnly(options.only) });
    });
  example(
    command,
    'runnel up --data ./data --port 8080',
    'runnel up --only scheduler,executor --data ./node2 --postgres URL --nats URL --objects file:///shared/',
  );
}

function parseOnly(text: string | undefined): ServiceName[] {
  if (text === undefined) return [...serviceNames];
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !serviceNames.includes(name as ServiceName));
  if (unknown.length > 0) throw new CliError(`--only: no such service: ${unknown.join(', ')}`, `There are: ${serviceNames.join(', ')}.`);
  return names as ServiceName[];
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError('a number up to 65535 is expected.');
  return port;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('a whole number is expected.');
  return number;
}
