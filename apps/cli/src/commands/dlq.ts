import type { Messaging } from '@runnel/messaging';
import { InvalidArgumentError, type Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { withInstallation, withMessaging, type OperatorOptions } from '../client/operator.ts';
import { printJson, printTable } from '../client/output.ts';
import { example } from '../client/target-options.ts';

type Options = OperatorOptions & { json?: boolean };

/** `runnel dlq list|show|replay|drop`: messages that could not be handled. */
export function dlqCommand(program: Command): void {
  const dlq = program.command('dlq').description('dead letters: messages that could not be handled');

  const list = withInstallation(dlq.command('list').description('list them, oldest first'))
    .option('--json', 'print as JSON')
    .action(async (options: Options) => {
      const found = await withLetters(options, ({ listDeadLetters }, messaging) => listDeadLetters(messaging));
      if (options.json === true) return printJson(found);
      if (found.length === 0) return console.log('no dead letters');
      printTable(
        ['number', 'at', 'consumer', 'run', 'reason'],
        found.map((dead) => [String(dead.seq), dead.at, dead.consumer, dead.run ?? '', dead.reason.slice(0, 100)]),
      );
    });
  example(list, 'runnel dlq list --data ./data');

  const show = withInstallation(dlq.command('show').description('print one with envelope and payload'))
    .argument('<number>', 'its number', number)
    .action(async (seq: number, options: Options) =>
      printJson(await withLetters(options, ({ showDeadLetter }, messaging) => showDeadLetter(messaging, seq)).then(existing(seq))),
    );
  example(show, 'runnel dlq show 7 --data ./data');

  const replay = withInstallation(dlq.command('replay').description('send it again to where it came from'))
    .argument('<number>', 'its number', number)
    .action(async (seq: number, options: Options) => {
      existing(seq)((await withLetters(options, ({ replayDeadLetter }, messaging) => replayDeadLetter(messaging, seq))) || undefined);
      console.log(`sent ${seq} again`);
    });
  example(replay, 'runnel dlq replay 7 --data ./data');

  const drop = withInstallation(dlq.command('drop').description('delete it'))
    .argument('<number>', 'its number', number)
    .action(async (seq: number, options: Options) => {
      existing(seq)((await withLetters(options, ({ dropDeadLetter }, messaging) => dropDeadLetter(messaging, seq))) || undefined);
      console.log(`dropped ${seq}`);
    });
  example(drop, 'runnel dlq drop 7 --data ./data');
}

/** Runs `work` with the functions of libs/messaging, which are loaded only here. */
async function withLetters<T>(
  options: OperatorOptions,
  work: (letters: typeof import('@runnel/messaging'), messaging: Messaging) => Promise<T>,
): Promise<T> {
  const letters = await import('@runnel/messaging');
  return withMessaging(options, (messaging) => work(letters, messaging));
}

const existing =
  (seq: number) =>
  <T>(found: T | undefined): T => {
    if (found === undefined) throw new CliError(`there is no dead letter ${seq}`, 'See which there are: runnel dlq list');
    return found;
  };

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a number from `runnel dlq list` is expected.');
  return value;
}
