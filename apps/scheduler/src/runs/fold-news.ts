import type { Advance, ChunkObject, EvaluationRequest, ReadyNode, RunEvent } from '@runnel/engine';
import type { KnownRun } from './known-run.ts';
import type { News } from './news.ts';
import { plainResults, type PlainResults } from './plain-results.ts';

/** An event and the news that led to it. */
export interface Decided {
  event: RunEvent;
  news: News;
}

/** What a batch of news led to in one run. The run's state is already behind it. */
export interface Folded {
  run: string;
  known: KnownRun;
  news: readonly News[];
  /** Version before the batch. */
  version: number;
  decided: Decided[];
  objects: ChunkObject[];
  evaluations: EvaluationRequest[];
  /** Nodes whose count changed, as they are now. */
  ready: ReadyNode[];
  /** Published with this batch. */
  results?: PlainResults;
}

/** Folds news into a run's state, one command after the other. */
export function foldNews(run: string, known: KnownRun, news: readonly News[]): Folded {
  const version = known.state.version;
  const folded: Folded = { run, known, news, version, decided: [], objects: [], evaluations: [], ready: [] };
  const ready = new Map<string, ReadyNode>();
  const take = (item: News, advance: Advance): void => {
    folded.decided.push(...advance.events.map((event) => ({ event, news: item })));
    folded.objects.push(...advance.objects);
    folded.evaluations.push(...advance.evaluations);
    for (const node of advance.ready) ready.set(node.node, node);
  };
  for (const item of news) {
    if (item.cause?.traceparent !== undefined) known.traceparent = item.cause.traceparent;
    take(item, known.engine.advance(known.state, item.command));
  }
  const results = plainResults(folded);
  if (results) {
    folded.results = results;
    take(results.news, known.engine.advance(known.state, { type: 'publish-results', at: results.at }));
  }
  folded.ready = [...ready.values()];
  return folded;
}
