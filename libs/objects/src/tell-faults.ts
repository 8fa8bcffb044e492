import { ObjectStoreUnavailable } from './errors.ts';
import type { ObjectStore } from './store.ts';

/** The same store, which tells of each operation that it could not serve (ObjectStoreUnavailable). */
export function tellFaults(store: ObjectStore, onFault: (operation: string) => void): ObjectStore {
  const fault = (operation: string, error: unknown): unknown => {
    if (error instanceof ObjectStoreUnavailable) onFault(operation);
    return error;
  };
  const told = <Result>(operation: string, work: Promise<Result>): Promise<Result> =>
    work.catch((error: unknown) => {
      throw fault(operation, error);
    });
  return {
    uri: store.uri,
    put: (...args) => told('put', store.put(...args)),
    get: (...args) => told('get', store.get(...args)),
    getBytes: (...args) => told('get', store.getBytes(...args)),
    head: (...args) => told('head', store.head(...args)),
    list: async function* list(prefix) {
      try {
        yield* store.list(prefix);
      } catch (error) {
        throw fault('list', error);
      }
    },
    copy: (...args) => told('copy', store.copy(...args)),
    delete: (...args) => told('delete', store.delete(...args)),
    materialize: (...args) => told('get', store.materialize(...args)),
    putFile: (...args) => told('put', store.putFile(...args)),
    ping: (...args) => told('ping', store.ping(...args)),
    ...(store.direct && { direct: store.direct }),
  };
}
