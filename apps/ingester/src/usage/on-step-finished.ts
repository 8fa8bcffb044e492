import { Controller, Inject } from '@nestjs/common';
import { StepFinished } from '@runnel/contracts';
import { On, type Message } from '@runnel/messaging';
import { Parts, type IngesterParts } from '../parts.ts';
import { usageEntryOf, type UsageEntry } from './record-usage.ts';

/** Maps only: the batch's sink is `recordUsage`. */
@Controller()
export class OnStepFinished {
  private readonly parts: IngesterParts;

  constructor(@Inject(Parts) parts: IngesterParts) {
    this.parts = parts;
  }

  @On(StepFinished)
  async toEntry({ data }: Message<typeof StepFinished>): Promise<UsageEntry> {
    return usageEntryOf(this.parts.objects, data);
  }
}
