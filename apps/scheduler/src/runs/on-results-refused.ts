import { Controller } from '@nestjs/common';
import { ResultsRefused } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { now } from './news.ts';
import type { News } from './news.ts';

/** The results cannot be published. */
@Controller()
export class OnResultsRefused {
  @On(ResultsRefused)
  toNews({ data }: Message<typeof ResultsRefused>): News {
    return { run: data.run, command: { type: 'refuse-results', at: now(), reason: data.reason } };
  }
}
