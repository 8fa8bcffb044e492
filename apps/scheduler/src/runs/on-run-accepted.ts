import { Controller } from '@nestjs/common';
import { RunAccepted } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { now } from './news.ts';
import type { News } from './news.ts';

/** The run is stored; it starts. */
@Controller()
export class OnRunAccepted {
  @On(RunAccepted)
  toNews({ data }: Message<typeof RunAccepted>): News {
    return { run: data.run, command: { type: 'start-run', at: now() } };
  }
}
