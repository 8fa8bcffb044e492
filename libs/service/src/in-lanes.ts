/** Does the work for each item, `lanes` at a time, reading the items as they are needed; the first fault ends it. */
export async function inLanes<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  lanes: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let broken = false;
  const lane = async (): Promise<void> => {
    while (!broken) {
      const next = await iterator.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        broken = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
  await iterator.return?.();
  const fault = ends.find((end) => end.status === 'rejected');
  if (fault) throw fault.reason;
}
