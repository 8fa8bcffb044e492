import { Controller } from '@nestjs/common';
import { StepStarted } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { now } from './news.ts';
import type { News } from './news.ts';

/** An executor has the attempt under way. */
@Controller()
export class OnStepStarted {
  @On(StepStarted)
  toNews({ data }: Message<typeof StepStarted>): News {
    const { run, step, attempt, executor, at } = data;
    return { run, command: { type: 'start-step', at: now(), step, attempt, executor }, attempt: { startedAt: at } };
  }
}
