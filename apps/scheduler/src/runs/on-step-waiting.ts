import { Controller } from '@nestjs/common';
import { StepWaiting } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { now } from './news.ts';
import type { News } from './news.ts';

/** The backend cannot start the attempt now. */
@Controller()
export class OnStepWaiting {
  @On(StepWaiting)
  toNews({ data }: Message<typeof StepWaiting>): News {
    const { run, step, attempt, executor, reason } = data;
    return { run, command: { type: 'hand-back-step', at: now(), step, attempt, executor, reason } };
  }
}
