import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { RequirementsInForce } from '@runnel/cwl';

import type { LocalImages } from '../images/local-images.ts';
import type { StepAttempt } from '../types.ts';
import type { PathMapping } from './local-files.ts';

/** Where an attempt has its files. */
export interface Folders {
  out: string;
  tmp: string;
  in: string;
  log: string;
  /** The output directory as the tool sees it. */
  outInTool: string;
  mappings: PathMapping[];
}

/** Makes the folders that every tool needs. Only in a container can the output directory be seen at another path (dockerOutputDirectory). */
export function makeFolders({ directory }: StepAttempt, requirements: RequirementsInForce, images: LocalImages): Folders {
  const out = join(directory, 'out');
  const tmp = join(directory, 'tmp');
  // The attempt's folder may have them already, empty.
  for (const folder of [out, tmp]) mkdirSync(folder, { recursive: true });
  const container = images.size > 0 ? requirements.get('DockerRequirement') : undefined;
  const declared = container?.mandatory ? container.requirement['dockerOutputDirectory'] : undefined;
  const outInTool = typeof declared === 'string' ? declared : out;
  const mappings = outInTool === out ? [] : [{ tool: outInTool, host: out }];
  return { out, tmp, in: join(directory, 'in'), log: join(directory, 'log'), outInTool, mappings };
}
