import { isPlain, type RunValues } from '@runnel/engine';
import type { ResultRow } from '@runnel/postgres';
import type { Folded } from './fold-news.ts';
import { acceptedOf } from './known-run.ts';
import type { News } from './news.ts';
import { fitsMessage } from './offload-values.ts';

/** Outputs that are published by being written down: a row of `results` holds them, there is no document. */
export interface PlainResults {
  /** Whose they are. */
  readonly workspace: string;
  readonly outputs: RunValues;
  /** When, and upon what news (RFC 3339). */
  readonly at: string;
  readonly news: News;
}

/**
 * The outputs that a batch made ready, where they are small values alone and nobody expects a catalogue: there is nothing to copy, to check or to
 * refuse, so that they need no ingester. Undefined: they do, or none are ready.
 */
export function plainResults({ known, decided }: Pick<Folded, 'known' | 'decided'>): PlainResults | undefined {
  if (known.state.phase !== 'publishing') return undefined;
  const ready = decided.findLast(({ event }) => event.type === 'run.outputs-ready');
  if (ready?.event.type !== 'run.outputs-ready') return undefined;
  const { outputs } = ready.event.data;
  const { workspace, caller = workspace, catalogue } = acceptedOf(known.state);
  if (catalogue === true || !isPlain(outputs) || !fitsMessage(outputs)) return undefined;
  return { workspace: caller, outputs, at: ready.event.at, news: ready.news };
}

export const rowOf = (run: string, { workspace, outputs, at }: PlainResults): ResultRow => ({ run, workspace, outputs, publishedAt: at });
