import { Controller } from '@nestjs/common';
import { StepStopped } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { now } from './news.ts';
import type { News } from './news.ts';

/** Nothing of the attempt runs any more. */
@Controller()
export class OnStepStopped {
  @On(StepStopped)
  toNews({ data }: Message<typeof StepStopped>): News {
    const { run, step, attempt, executor } = data;
    return { run, command: { type: 'confirm-stopped', at: now(), step, attempt, executor } };
  }
}
