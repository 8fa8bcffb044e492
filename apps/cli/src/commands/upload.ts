import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { CliError } from '../client/cli-error.ts';
import { printJson } from '../client/output.ts';
import { example, targetOf, withTarget } from '../client/target-options.ts';
import { uploadFile } from '../client/upload-inputs.ts';

/** `runnel upload FILE [PATH]`: puts a local file into the workspace. */
export function uploadCommand(program: Command): void {
  const command = withTarget(
    program.command('upload').description('put local files into the workspace; prints the address to use as an input'),
  )
    .argument('<files...>', 'local files')
    .option('--to <FOLDER>', 'folder of the workspace to put them in', 'uploads')
    .option('--json', 'print the addresses as JSON')
    .action(async (files: string[], options: Parameters<typeof targetOf>[0] & { to: string; json?: boolean }) => {
      const target = targetOf(options);
      for (const file of files) {
        if (!existsSync(file) || !statSync(file).isFile()) throw new CliError(`not a file: ${file}`);
      }
      const uploaded: { file: string; location: string }[] = [];
      for (const file of files) {
        const location = await uploadFile(target, file, `${options.to}/${basename(file)}`);
        uploaded.push({ file, location });
        if (options.json !== true) console.log(`${file} -> ${location}`);
      }
      if (options.json === true) printJson(uploaded);
    });
  example(command, 'runnel upload --to vegetation B04.tif B08.tif');
}
