import { Controller, Inject } from '@nestjs/common';
import { RunOutputsReady } from '@runnel/contracts';
import { On, type Message } from '@runnel/messaging';
import { Parts, type IngesterParts } from '../parts.ts';
import { publishOutputs } from './publish-outputs.ts';

@Controller()
export class OnRunOutputsReady {
  private readonly parts: IngesterParts;

  constructor(@Inject(Parts) parts: IngesterParts) {
    this.parts = parts;
  }

  @On(RunOutputsReady)
  async publish({ data }: Message<typeof RunOutputsReady>): Promise<void> {
    const end = await publishOutputs(this.parts, data);
    this.parts.logger.info({ workspace: data.workspace, run: data.run, end }, 'outputs handled');
  }
}
