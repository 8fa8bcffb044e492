import type { Attempts } from './attempts.ts';

/** Gives Nest's handlers the attempts: a class only because Nest injects classes. */
export class AttemptsHolder {
  constructor(readonly attempts: Attempts) {}
}
