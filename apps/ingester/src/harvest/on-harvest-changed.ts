import { Controller, Inject } from '@nestjs/common';
import { HarvestChanged } from '@runnel/contracts';
import { On, type Message } from '@runnel/messaging';
import { Parts, type IngesterParts } from '../parts.ts';
import { takeDocuments } from './take-documents.ts';

/** STAC documents of watched repositories and files become part of the workspace's catalogue. */
@Controller()
export class OnHarvestChanged {
  private readonly parts: IngesterParts;

  constructor(@Inject(Parts) parts: IngesterParts) {
    this.parts = parts;
  }

  @On(HarvestChanged)
  async handle({ data }: Message<typeof HarvestChanged>): Promise<void> {
    for (const { outcome } of await takeDocuments(this.parts, data)) this.parts.harvested.inc({ outcome });
  }
}
