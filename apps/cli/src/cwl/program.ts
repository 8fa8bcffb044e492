import { CwlFault } from './fault.ts';
import { spareMemory } from './memory-use.ts';
import { parseArguments } from './options.ts';

/** What is only wrong with the document, its inputs or the command line; anything else is a bug and shows its stack. */
const expectedErrors = new Set(['CwlFault', 'ProcessFault', 'ExpressionError', 'ImagesError', 'PlanError', 'SlotError']);

/** bin/runnel-cwl: does what the words of its command line ask for and sets the process's exit code. */
export async function runProgram(words: string[]): Promise<void> {
  spareMemory();
  try {
    process.exitCode = await carryOut(words);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`${expectedErrors.has(error.name) ? error.message : error.stack}\n`);
    process.exitCode = error instanceof CwlFault ? error.exitCode : 1;
  }
}

async function carryOut(words: string[]): Promise<number> {
  const request = parseArguments(words);
  switch (request.kind) {
    case 'version':
      process.stdout.write('runnel-cwl 0.1.0\n');
      return 0;
    case 'help':
      process.stdout.write((await import('./help-text.ts')).helpText);
      return 0;
    case 'usage':
      process.stderr.write(`runnel-cwl: ${request.message}\n(--help shows the options and an example)\n`);
      return 1;
    case 'validate':
      return (await import('./run.ts')).validate(request.options);
    case 'print':
      return (await import('./print.ts')).print(request.options);
    case 'run':
      return (await import('./run.ts')).run(request.options);
  }
}
