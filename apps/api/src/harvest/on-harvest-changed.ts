import { Controller, Inject } from '@nestjs/common';
import { HarvestChanged } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { API_CONTEXT } from '../context.ts';
import type { ApiContext } from '../context.ts';
import { applyChange } from './apply-change.ts';

/** CWL files of watched repositories become processes: deployed, replaced, undeployed, once per commit and path. */
@Controller()
export class OnHarvestChanged {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @On(HarvestChanged)
  async handle({ data, time }: Message<typeof HarvestChanged>): Promise<void> {
    for (const change of data.changes) if (change.path.endsWith('.cwl')) await applyChange(this.context, data, change, time);
  }
}
