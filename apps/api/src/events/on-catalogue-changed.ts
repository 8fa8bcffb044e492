import { Controller, Inject } from '@nestjs/common';
import { CatalogueChanged } from '@runnel/contracts';
import { On } from '@runnel/messaging';
import type { Message } from '@runnel/messaging';
import { API_CONTEXT } from '../context.ts';
import type { ApiContext } from '../context.ts';
import { catalogueType } from './read-message.ts';
import { takeEvent } from './take-event.ts';

/** What our own runs publish is an event of the workspace like those of pipelines. */
@Controller()
export class OnCatalogueChanged {
  private readonly context: ApiContext;

  constructor(@Inject(API_CONTEXT) context: ApiContext) {
    this.context = context;
  }

  @On(CatalogueChanged)
  async handle({ data, id, source, time, run }: Message<typeof CatalogueChanged>): Promise<void> {
    const { workspace } = data;
    const attributes = { specversion: '1.0', id, source, type: catalogueType, time, ...(run === undefined ? {} : { runnelrun: run }) };
    await takeEvent(this.context, { workspace, via: 'runnel', event: { attributes, data }, run });
  }
}
