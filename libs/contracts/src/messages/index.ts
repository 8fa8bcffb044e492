export * from './runs.ts';
export * from './steps.ts';
export * from './executors.ts';
export * from './harvest.ts';
export * from './billing.ts';

import { RunAccepted, RunDismissed, RunOutputsReady, ResultsPublished, ResultsRefused, RunStatusChanged } from './runs.ts';
import { GrantsWritten, StepRequested, StepStarted, StepWaiting, StepFinished, StepStop, StepStopped, StepLog } from './steps.ts';
import { ExecutorHeartbeat, SecretsAsked, SecretsGiven } from './executors.ts';
import { HarvestChanged, RepositoryPushed, CatalogueChanged, EventRefused } from './harvest.ts';
import { BillingEvent, BudgetReached } from './billing.ts';

/** Every contract; docs/events.md, AsyncAPI, streams, consumers and permissions are derived from this list. */
export const contracts = [
  RunAccepted,
  RunDismissed,
  GrantsWritten,
  StepRequested,
  StepStarted,
  StepWaiting,
  StepFinished,
  SecretsAsked,
  SecretsGiven,
  StepStop,
  StepStopped,
  ExecutorHeartbeat,
  RunOutputsReady,
  ResultsPublished,
  ResultsRefused,
  RunStatusChanged,
  StepLog,
  HarvestChanged,
  RepositoryPushed,
  CatalogueChanged,
  EventRefused,
  BillingEvent,
  BudgetReached,
] as const;
