import { initial } from './0001-initial.ts';
import { runRequest } from './0004-run-request.ts';
import { callbacks } from './0005-callbacks.ts';
import { callersAndOffers } from './0006-callers-and-offers.ts';
import { kindsOfTokens } from './0007-kinds-of-tokens.ts';
import { sharesAndQuotas } from './0010-shares-and-quotas.ts';
import { managedRuns } from './0011-managed-runs.ts';
import { eventsAndTriggers } from './0012-events-and-triggers.ts';
import { harvestByWorkspace } from './0013-harvest-by-workspace.ts';
import { limitsAndDrains } from './0014-limits-and-drains.ts';
import { retentionAndWebhooks } from './0015-retention-and-webhooks.ts';
import { listsOfRuns } from './0016-lists-of-runs.ts';
import { harvestSources } from './0017-harvest-sources.ts';
import { workspaces } from './0019-workspaces.ts';
import { billing } from './0020-billing.ts';
import { importedJobs } from './0021-imported-jobs.ts';
import { audit } from './0022-audit.ts';
import { fetchedFiles } from './0023-fetched-files.ts';
import { readyChanges } from './0024-ready-changes.ts';
import { labelsOfRuns } from './0025-labels-of-runs.ts';
import { tokenExchange } from './0026-token-exchange.ts';
import { endedRuns } from './0027-ended-runs.ts';
import { listsByLabel } from './0029-lists-by-label.ts';
import { wordsOfRuns } from './0030-words-of-runs.ts';
import { outboxByOrder } from './0031-outbox-by-order.ts';
import { unheardNews } from './0032-unheard-news.ts';

/** Every schema change in the order of their versions. */
export const migrations: readonly { version: number; name: string; sql: string }[] = [
  initial,
  runRequest,
  callbacks,
  callersAndOffers,
  kindsOfTokens,
  sharesAndQuotas,
  managedRuns,
  eventsAndTriggers,
  harvestByWorkspace,
  limitsAndDrains,
  retentionAndWebhooks,
  listsOfRuns,
  harvestSources,
  workspaces,
  billing,
  importedJobs,
  audit,
  fetchedFiles,
  readyChanges,
  labelsOfRuns,
  tokenExchange,
  endedRuns,
  listsByLabel,
  wordsOfRuns,
  outboxByOrder,
  unheardNews,
];

/** The schema this release needs. */
export const requiredSchemaVersion = Math.max(...migrations.map((migration) => migration.version));

/** What brings a schema of that version to this release, by number and name. */
export const missingMigrations = (present: number): string[] =>
  migrations.filter(({ version }) => version > present).map(({ version, name }) => `${version} (${name})`);
