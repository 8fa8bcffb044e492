/** What was opened so far, to be closed in the other direction: at the end, or where a start goes no further. */
export interface Opened {
  push(close: () => Promise<void>): void;
  /** Twice is once. */
  closeAll(this: void): Promise<void>;
}

export function nothingOpened(): Opened {
  const all: (() => Promise<void>)[] = [];
  return {
    push: (close) => void all.push(close),
    closeAll: async () => {
      for (const close of all.splice(0).reverse()) await close();
    },
  };
}
