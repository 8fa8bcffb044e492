export * from './stage-plan.ts';
