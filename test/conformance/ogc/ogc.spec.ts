import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { removeFolder, startUp } from '../../journeys/up.ts';
import type { Up } from '../../journeys/up.ts';
import type { Subject } from './client.ts';
import { executionRules } from './execution-rules.ts';
import { jobRules } from './job-rules.ts';
import { serviceRules } from './service-rules.ts';

/**
 * The rules that the official suite of OGC API - Processes 1.0 judges by, and those of the abstract test suite that it leaves out. OGC_API=address
 * of a landing page judges a server that runs already. No token is sent.
 */
let up: Up | undefined;
let subject: Subject;
beforeAll(async () => {
  const given = process.env['OGC_API'];
  up = given === undefined ? await startUp() : undefined;
  subject = { base: given ?? `${up?.url ?? ''}/demo/ogc-api` };
}, 120_000);
afterAll(async () => {
  await up?.stop();
  if (up) removeFolder(up.folder);
}, 60_000);

describe('OGC API - Processes 1.0', () => {
  it.each(Object.entries({ ...serviceRules, ...executionRules, ...jobRules }))('%s', (_name, rule) => rule(subject), 60_000);
});
