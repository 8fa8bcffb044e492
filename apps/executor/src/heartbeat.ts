import { ExecutorHeartbeat, type DataOf } from '@runnel/contracts';
import { outgoing, publishEphemeral, type Messaging } from '@runnel/messaging';

/** Milliseconds: one heartbeat renews the lease (20 s); who could not renew for 15 s ends its own processes (rule 8). */
const interval = 5000;
const giveUpAfter = 15_000;
/** Milliseconds after the start within which there is one every second: steps of a predecessor that was killed wait for the word that they are gone. */
const youth = 6000;

export interface Heartbeat {
  /** Tells now, for instance that nothing is accepted any more. */
  beat(): void;
  stop(): void;
}

interface HeartbeatPorts {
  messaging: Messaging;
  status: () => DataOf<typeof ExecutorHeartbeat>;
  /** The bus was out of reach for so long that others have these steps. */
  onLost: () => void;
}

export function startHeartbeat({ messaging, status, onLost }: HeartbeatPorts): Heartbeat {
  let reached = performance.now();
  let lost = false;
  let stopped = false;
  const beat = (): void => {
    // Whoever has the shard next speaks for its steps.
    if (stopped) return;
    publishEphemeral(messaging, outgoing(ExecutorHeartbeat, status()));
    messaging.ping().then(
      () => {
        reached = performance.now();
        lost = false;
      },
      () => {
        if (lost || performance.now() - reached < giveUpAfter) return;
        lost = true;
        messaging.logger.error('no heartbeat got through for 15 s: ending all processes, their steps belong to others');
        onLost();
      },
    );
  };
  beat();
  const timer = setInterval(beat, interval);
  const often = setInterval(beat, 1000);
  const grown = setTimeout(() => clearInterval(often), youth);
  const forget = messaging.onReconnect(beat);
  return {
    beat,
    stop: () => {
      stopped = true;
      clearInterval(timer);
      clearInterval(often);
      clearTimeout(grown);
      forget();
    },
  };
}
