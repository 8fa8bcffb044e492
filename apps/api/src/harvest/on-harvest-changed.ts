import { Controller, Inject } from '@nestjs/common';
import { HarvestChanged, takerOf } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { API_CONTEXT } from '../context.ts';
import type { ApiContext } from '../context.ts';
import { applyChange } from './apply-change.ts';
import type { Change } from './apply-change.ts';
import { inLanes } from '@runnel/service';

const takesAway = ({ change, previousPath }: Change): boolean => change === 'deleted' || previousPath !== undefined;

/** Files at a time: while one is stored, the next is read. */
const lanes = 4;

/** CWL files of watched repositories become processes: deployed, replaced, undeployed, once per commit and path. */
@Controller()
export class OnHarvestChanged {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @On(HarvestChanged)
  async handle({ data }: Message<typeof HarvestChanged>): Promise<void> {
    const own = data.changes.filter(({ path }) => takerOf(path) !== 'ingester');
    const apply = async (change: Change): Promise<void> => {
      const outcome = await applyChange(this.context, data, change);
      if (outcome !== undefined) this.context.metrics.harvested.inc({ outcome });
    };
    // What takes away comes first: a new file may stand where another one was.
    for (const change of own.filter(takesAway)) await apply(change);
    await inLanes(
      own.filter((change) => !takesAway(change)),
      lanes,
      apply,
    );
  }
}
