import { Controller } from '@nestjs/common';
import { StepFinished } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { newsOfFinished } from './news-of-finished.ts';
import type { News } from './news.ts';

/** The attempt ended. */
@Controller()
export class OnStepFinished {
  @On(StepFinished)
  toNews({ data }: Message<typeof StepFinished>): News {
    return newsOfFinished(data);
  }
}
