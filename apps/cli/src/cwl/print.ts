import type { Process } from '@runnel/cwl';

import { readDocument, toAddress } from './addresses.ts';
import { CwlFault } from './fault.ts';
import { loadProcess } from './load-job.ts';
import type { CwlOptions } from './options.ts';

/** Prints something about a process instead of running it. */
export async function print(options: CwlOptions): Promise<number> {
  const read: string[] = [];
  const { package: whole } = await loadProcess(options.process, (text) => options.quiet || process.stderr.write(`${text}\n`), {
    lenient: options.lenient,
    skipSchemas: options.skipSchemas,
    read: (uri) => {
      read.push(uri);
      return readDocument(uri);
    },
  });
  const { selectSteps } = await import('./select-steps.ts');
  const pkg = selectSteps(whole, options);
  const main = pkg.processes[pkg.main];
  if (main === undefined) throw new CwlFault(`there is no process ${pkg.main}`);
  process.stdout.write(await textOf(main));
  return 0;

  async function textOf(main: Process): Promise<string> {
    switch (options.print) {
      case 'deps': {
        const { dependencies } = await import('./print/deps.ts');
        return `${JSON.stringify(dependencies(toAddress(options.process).replace(/#.*$/s, ''), read), null, 4)}\n`;
      }
      case 'dot':
        return (await import('./print/dot.ts')).dotGraph(pkg);
      case 'pack':
        return `${JSON.stringify((await import('./print/pack.ts')).packDocument(pkg), null, 4)}\n`;
      case 'template':
        return (await import('./print/template.ts')).jobTemplate(main);
      default:
        return (await import('./print/tool-help.ts')).toolHelp(main, options.process);
    }
  }
}
