/**
 * The official CWL tests through the services: each process is deployed over the api of a `runnel up` of this script's own, executed, and its
 * outputs are compared by cwltest. What differs by nature stands with its reason in test/conformance/services/differs.json: such a test must fail,
 * so that the list cannot grow old. The last line is `N passed, N failed, N differ, N skipped`.
 *
 *   node scripts/conformance-services.ts            PORT=… for the api (default: a free one), TESTS=id,id for a part
 */
import { judgeSuite } from '../test/conformance/services/judge-suite.ts';
import { cwltestPath, missingForOfficialTests } from './cwltest.ts';

const missing = await missingForOfficialTests();
const cwltest = await cwltestPath();
if (missing !== undefined || cwltest === undefined) {
  console.log(`skipped: CWL conformance suite through the services: ${missing}\n0 passed, 0 failed, 0 differ, 1 skipped`);
} else {
  const port = process.env['PORT'];
  const ids = process.env['TESTS']?.split(',');
  process.exitCode = await judgeSuite({
    cwltest,
    chosen: ({ id }) => ids?.includes(id) ?? true,
    differs: ['differs.json'],
    ...(port !== undefined && { port: Number(port) }),
  });
}
