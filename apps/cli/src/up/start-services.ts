import type { Logger } from '@runnel/service';
import { cannotStart } from './cannot-start.ts';
import type { ServiceName } from './service-names.ts';
import { startService, type About, type Started, type Surroundings } from './services.ts';
import { untilAvailable } from './until-available.ts';

/** Services that run. */
export interface Running {
  readonly about: readonly About[];
  /** The last that was started ends first. */
  close(this: void): Promise<void>;
}

/** Starts services in this thread, one after the other; where one cannot start, those before it are ended. */
export async function startServices(names: readonly ServiceName[], surroundings: Surroundings, logger: Logger): Promise<Running> {
  const started: Started[] = [];
  const close = async (): Promise<void> => {
    for (const service of started.splice(0).reverse()) await service.close();
  };
  try {
    for (const name of names) {
      const service = untilAvailable(name, () => startService(name, surroundings), logger);
      started.push(
        await service.catch((error: unknown) => {
          throw cannotStart(name, error, logger);
        }),
      );
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { about: started.map(({ close: _close, ...about }) => about), close };
}
