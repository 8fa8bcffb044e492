import { Controller } from '@nestjs/common';
import { ResultsPublished } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { now } from './news.ts';
import type { News } from './news.ts';

/** The results stand. */
@Controller()
export class OnResultsPublished {
  @On(ResultsPublished)
  toNews({ data }: Message<typeof ResultsPublished>): News {
    return { run: data.run, command: { type: 'publish-results', at: now(), document: data.document } };
  }
}
