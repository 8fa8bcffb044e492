import { randomUUID } from 'node:crypto';
import { proveQuestion, questionKeys } from '@runnel/access/sealed-answer';
import type { GivenSecrets } from '@runnel/access/sealed-answer';
import { SecretsAsked, SecretsGiven } from '@runnel/contracts';
import type { DataOf } from '@runnel/contracts';
import { outgoing, publishEphemeral, subscribeEphemeral, type Messaging } from '@runnel/messaging';
import type { AttemptId } from './attempt.ts';

/** Asks the api for the secrets of an attempt; rejects with the reason where it gives none, or does not answer. */
export type AskSecrets = (id: AttemptId) => Promise<GivenSecrets>;

/** Milliseconds between two questions, and until the api is given up. */
const again = 1000;
const patience = 20_000;

export function openSecretAsker(
  messaging: Messaging,
  { executor, key }: { executor: string; key: string | undefined },
): { ask: AskSecrets; close(): Promise<void> } {
  const waiting = new Map<string, (answer: DataOf<typeof SecretsGiven>) => void>();
  const subscription = subscribeEphemeral(messaging, SecretsGiven, { token: executor }, ({ data }) => waiting.get(data.ask)?.(data));
  return {
    async ask(id) {
      if (key === undefined) throw new Error('it is given secrets, and this executor has no key to ask for them (runTokenKey)');
      const { publicKey, open } = questionKeys();
      const { workspace, run, step, attempt } = id;
      const question = { ask: randomUUID(), workspace, run, step, attempt, executor, key: publicKey };
      const send = (): void => publishEphemeral(messaging, outgoing(SecretsAsked, { ...question, proof: proveQuestion(key, question) }));
      const timers: NodeJS.Timeout[] = [];
      try {
        const answer = await new Promise<DataOf<typeof SecretsGiven>>((resolve, reject) => {
          waiting.set(question.ask, resolve);
          timers.push(setInterval(send, again));
          timers.push(setTimeout(() => reject(new Error('its secrets were asked for, and no api answered')), patience));
          send();
        });
        if (answer.sealed === undefined) throw new Error(`it is given no secrets: ${answer.refused ?? 'no reason was told'}`);
        return open(answer.sealed);
      } finally {
        waiting.delete(question.ask);
        for (const timer of timers) clearTimeout(timer);
      }
    },
    close: () => subscription.close(),
  };
}
