import { randomBytes } from 'node:crypto';
import { connect, ensureTopology, streamNames } from '@runnel/messaging';
import type { Messaging, MessagingConfig } from '@runnel/messaging';
import { createLogger } from '@runnel/service';
import { testNatsUrl } from './database.ts';

/** A prefix nobody else has: streams and subjects of one test. */
export function testPrefix(): string {
  return `t${randomBytes(5).toString('hex')}`;
}

/** Silent, unless RUNNEL_LOG_LEVEL says otherwise. */
export function testLogger(service = 'test'): ReturnType<typeof createLogger> {
  return createLogger({ service, level: process.env['RUNNEL_LOG_LEVEL'] ?? 'silent' });
}

/** A connection to the test run's NATS with streams of its own, declared. */
export async function testMessaging(config: Partial<MessagingConfig> = {}): Promise<Messaging> {
  const messaging = await connect({ url: testNatsUrl(), service: 'operator', prefix: testPrefix(), logger: testLogger(), ...config });
  await ensureTopology(messaging);
  return messaging;
}

/** Deletes the streams of the connection's prefix and closes it. */
export async function removeTestMessaging(messaging: Messaging): Promise<void> {
  const names = Object.values(streamNames(messaging.prefix)) as string[];
  await Promise.all(names.map((name) => messaging.jsm.streams.delete(name).catch(() => false)));
  await messaging.close();
}
