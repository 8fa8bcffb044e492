import { Controller } from '@nestjs/common';
import { StepRequested } from '@runnel/contracts';
import { On, type Message } from '@runnel/messaging';
import { AttemptsHolder } from './attempts-holder.ts';

/** Takes an attempt; the message is acknowledged once `step.started`, or what became of it, is stored. */
@Controller()
export class OnStepRequested {
  constructor(private readonly holder: AttemptsHolder) {}

  @On(StepRequested)
  begin({ data, time }: Message<typeof StepRequested>): Promise<void> {
    return this.holder.attempts.begin(data, time);
  }
}
