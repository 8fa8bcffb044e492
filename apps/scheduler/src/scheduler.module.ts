import { Module } from '@nestjs/common';
import { OnResultsPublished } from './runs/on-results-published.ts';
import { OnResultsRefused } from './runs/on-results-refused.ts';
import { OnRunAccepted } from './runs/on-run-accepted.ts';
import { OnRunDismissed } from './runs/on-run-dismissed.ts';
import { OnStepFinished } from './runs/on-step-finished.ts';
import { OnStepStarted } from './runs/on-step-started.ts';
import { OnStepStopped } from './runs/on-step-stopped.ts';
import { OnStepWaiting } from './runs/on-step-waiting.ts';

/** Every message the scheduler reacts to. */
@Module({
  controllers: [
    OnRunAccepted,
    OnRunDismissed,
    OnStepStarted,
    OnStepWaiting,
    OnStepFinished,
    OnStepStopped,
    OnResultsPublished,
    OnResultsRefused,
  ],
})
export class SchedulerModule {}
