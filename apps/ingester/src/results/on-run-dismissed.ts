import { Controller, Inject } from '@nestjs/common';
import { RunDismissed } from '@runnel/contracts';
import { On, type Message } from '@runnel/messaging';
import { Parts, type IngesterParts } from '../parts.ts';
import { removeResults } from './remove-results.ts';
import { findRunFacts } from './run-facts.ts';

/** A run may be dismissed while its results are being published: what was copied is removed (rule 10). */
@Controller()
export class OnRunDismissed {
  private readonly parts: IngesterParts;

  constructor(@Inject(Parts) parts: IngesterParts) {
    this.parts = parts;
  }

  @On(RunDismissed)
  async remove({ data }: Message<typeof RunDismissed>): Promise<void> {
    const facts = await findRunFacts(this.parts.database, data.run);
    await removeResults(this.parts, facts?.workspace ?? data.workspace, data.run);
  }
}
