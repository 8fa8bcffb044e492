import { parseArgs } from 'node:util';

/** A fault of the user's data: told in one sentence, without a stack. */
export class BadInput extends Error {
  name = 'BadInput';
}

/** Runs a command-line program: `--help` prints its usage, a fault ends it with exit code 1 and one line on stderr. */
export async function program(usage, options, main) {
  try {
    const { values, positionals } = parseArgs({ options: { ...options, help: { type: 'boolean' } }, allowPositionals: true });
    if (values.help) {
      console.log(usage);
      return;
    }
    for (const [name, { required }] of Object.entries(options)) {
      if (required && values[name] === undefined) throw new BadInput(`--${name} is missing\n${usage}`);
    }
    await main(values, positionals);
  } catch (error) {
    process.exitCode = 1;
    console.error(error instanceof BadInput || error?.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error);
  }
}
