import { Controller } from '@nestjs/common';
import { StepStop } from '@runnel/contracts';
import { On, type Message } from '@runnel/messaging';
import { AttemptsHolder } from './attempts-holder.ts';

/** Ends attempts and confirms each. */
@Controller()
export class OnStepStop {
  constructor(private readonly holder: AttemptsHolder) {}

  @On(StepStop)
  async stop({ data: { workspace, run, steps } }: Message<typeof StepStop>): Promise<void> {
    await Promise.all(steps.map(({ step, attempt }) => this.holder.attempts.stop({ workspace, run, step, attempt })));
  }
}
