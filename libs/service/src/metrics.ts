import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, Registry };

/** A registry of the service's own metrics, all labelled with its name. */
export function createMetrics(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  return registry;
}

/** Counts what the object store could not serve: for `tellFaults` of libs/objects. */
export function objectStoreErrors(registry: Registry): (operation: string) => void {
  const errors = new Counter({
    name: 'runnel_object_store_errors_total',
    help: 'Operations that the object store could not serve (away, full, broken)',
    labelNames: ['operation'],
    registers: [registry],
  });
  for (const operation of ['put', 'get', 'head', 'list', 'copy', 'delete', 'ping']) errors.inc({ operation }, 0);
  return (operation) => errors.inc({ operation });
}

/** Counts what came of harvested files: of processes in the api, of STAC documents in the ingester. */
export function harvestedFiles(registry: Registry): Counter<'outcome'> {
  const files = new Counter({
    name: 'runnel_harvested_files_total',
    help: 'Harvested files: deployed, undeployed, catalogued, removed, refused, superseded, ignored',
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
  files.inc({ outcome: 'refused' }, 0);
  return files;
}

let ofProcess: Registry | undefined;

/** Memory, CPU, event loop: measured once, however many services share this process. */
function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: 100 });
  }
  return ofProcess;
}

/** The text of `/metrics`: the service's metrics, then the process's. */
export async function metricsText(registry: Registry): Promise<string> {
  return `${await registry.metrics()}\n${await processMetrics().metrics()}`;
}
