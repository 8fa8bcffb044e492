/** How the caller of a run wants its results, and whom it wants to be told (18-062r2, 7.11). Kept with the run, decided by no engine. */
export interface WantedResults {
  /** The outputs it wants; absent: all. */
  readonly outputs?: Readonly<Record<string, { readonly transmissionMode?: 'value' | 'reference' | undefined }>> | undefined;
  readonly response?: 'raw' | 'document' | undefined;
  readonly subscriber?: Subscriber | undefined;
}

/** Addresses to tell of a run's states. */
export interface Subscriber {
  readonly successUri?: string | undefined;
  readonly inProgressUri?: string | undefined;
  readonly failedUri?: string | undefined;
}
