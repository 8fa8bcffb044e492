/** Items of which the first one is known at any time. */
export interface Heap<T> {
  first(): T | undefined;
  /** The first one goes behind some others now. */
  sinkFirst(): void;
  removeFirst(): void;
}

/** `goesBefore`: a total order; what it says of an item may change for the first one only, and only to be further behind. */
export function createHeap<T>(items: Iterable<T>, goesBefore: (a: T, b: T) => boolean): Heap<T> {
  const heap = [...items];
  const sink = (from: number): void => {
    for (let at = from; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        const [one, best] = [heap[child], heap[least]];
        if (one !== undefined && best !== undefined && goesBefore(one, best)) least = child;
      }
      const [here, there] = [heap[at], heap[least]];
      if (least === at || here === undefined || there === undefined) return;
      [heap[at], heap[least]] = [there, here];
      at = least;
    }
  };
  for (let at = heap.length >>> 1; at >= 0; at -= 1) sink(at);
  return {
    first: () => heap[0],
    sinkFirst: () => sink(0),
    removeFirst: () => {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return;
      heap[0] = last;
      sink(0);
    },
  };
}
