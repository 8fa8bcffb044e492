export { IngesterConfig } from './config.ts';
export { collectGarbage, type GarbageOptions } from './gc/collect-garbage.ts';
export type { GarbageItem, GarbageSummary } from './gc/garbage.ts';
export { startIngester, type IngesterOptions } from './start-ingester.ts';
