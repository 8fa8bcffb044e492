import { nothingOpened, type Logger } from '@runnel/service';
import { cannotStart } from './cannot-start.ts';
import type { ServiceName } from './service-names.ts';
import { startService, type About, type Surroundings } from './services.ts';
import { untilAvailable } from './until-available.ts';

/** Services that run. */
export interface Running {
  readonly about: readonly About[];
  /** The last that was started ends first. */
  close(this: void): Promise<void>;
}

/** Starts services in this thread, one after the other; where one cannot start, those before it are ended. */
export async function startServices(names: readonly ServiceName[], surroundings: Surroundings, logger: Logger): Promise<Running> {
  const about: About[] = [];
  const opened = nothingOpened();
  try {
    for (const name of names) {
      const starting = untilAvailable(name, () => startService(name, surroundings), logger);
      const { close, ...known } = await starting.catch((error: unknown) => {
        throw cannotStart(name, error, logger);
      });
      opened.push(close);
      about.push(known);
    }
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
  return { about, close: opened.closeAll };
}
