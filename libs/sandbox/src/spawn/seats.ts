import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { isBelow } from './slot-script.ts';
import type { MemoryGroup } from './memory-group.ts';
import { startSlot, type Slot } from './slot.ts';
import { FIRST_UID, ownFolders, slotCommand } from './slot-command.ts';
import type { SpawnerOptions } from './spawner.ts';

/** A slot with its place among the others: number, uid and folder stay the same when its shell has to be replaced. */
export interface Seat {
  index: number;
  slot: Slot;
  network: boolean;
  uid?: number;
  folder: string;
  /** Made for the first tool that has a limit, used again by the next ones. */
  group?: MemoryGroup;
}

/** Slots for tools, made when needed and used again as long as they are clean. */
export interface Seats {
  take(network: boolean): Seat;
  giveBack(seat: Seat): void;
  /** Ends what runs on it; resolves when nothing of it is left. */
  close(seat: Seat): Promise<void>;
  closeAll(): Promise<Seat[]>;
  /** Makes slots in advance. */
  warm(count: number): void;
}

export function createSeats(options: SpawnerOptions, mountPoint: string): Seats {
  const { isolation, workRoot, control, hidden = [] } = options;
  const kept = [workRoot, ...(options.visible ?? [])];
  const hasNamespace = isolation.namespaces === 'unshare';
  const all = new Set<Seat>();
  const freeIndexes: number[] = [];
  let idle: Seat[] = [];
  mkdirSync(control, { recursive: true, mode: 0o700 });

  function open(network: boolean): Seat {
    const index = freeIndexes.pop() ?? all.size;
    const folder = join(control, `slot-${index}`);
    rmSync(folder, { recursive: true, force: true });
    const owner = isolation.uid ? { uid: (options.firstUid ?? FIRST_UID) + index } : {};
    const slot = startSlot(slotCommand({ isolation, folder, mountPoint, kept, hidden, network, ...owner }));
    const seat: Seat = { index, slot, network, folder, ...owner };
    all.add(seat);
    return seat;
  }
  function forget(seat: Seat): void {
    if (all.delete(seat)) freeIndexes.push(seat.index);
  }
  async function close(seat: Seat): Promise<void> {
    await seat.slot.destroy();
    forget(seat);
  }

  return {
    take(network) {
      // Without namespaces every slot has the host's network.
      const found = idle.find((seat) => seat.slot.alive && (seat.network === network || !hasNamespace));
      if (!found) return open(network);
      idle = idle.filter((seat) => seat !== found);
      return found;
    },
    giveBack(seat) {
      if (!seat.slot.alive) return forget(seat);
      if (hasNamespace) emptyOwnFolders(seat.folder, kept);
      idle.push(seat);
    },
    close,
    async closeAll() {
      const seats = [...all];
      await Promise.all(seats.map(close));
      return seats;
    },
    warm(count) {
      while (idle.length < count) idle.push(open(false));
    },
  };
}

function emptyOwnFolders(folder: string, kept: string[]): void {
  for (const { path, by } of ownFolders(folder)) {
    for (const name of readdirSync(by)) {
      // What is kept below /tmp is mounted there.
      if (!kept.some((mounted) => isBelow(mounted, join(path, name)))) rmSync(join(by, name), { recursive: true, force: true });
    }
  }
}
