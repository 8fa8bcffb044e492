import { Controller } from '@nestjs/common';
import { RunDismissed } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { now } from './news.ts';
import type { News } from './news.ts';

/** The api has appended the dismissal; what still runs is to be stopped. */
@Controller()
export class OnRunDismissed {
  @On(RunDismissed)
  toNews({ data }: Message<typeof RunDismissed>): News {
    return { run: data.run, reload: true, command: { type: 'dismiss-run', at: now(), by: data.workspace } };
  }
}
