import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cwl, json, startTestApi } from '../../testing/test-api.ts';
import type { Answer, Client, TestApi } from '../../testing/test-api.ts';

const tool = (id: string, input: string, output: string): string => `cwlVersion: v1.2
class: CommandLineTool
id: ${id}
baseCommand: 'true'
inputs: {n: {type: ${input}, inputBinding: {position: 1}}}
outputs:
  out: {type: ${output}, outputBinding: {glob: x, outputEval: "$(null)"}}
  more: {type: string, outputBinding: {glob: x, outputEval: "$(null)"}}
`;

let api: TestApi;
let demo: Client;
let other: Client;
beforeAll(async () => {
  api = await startTestApi();
  demo = await api.as('demo');
  other = await api.as('other');
  for (const document of [tool('words', 'string', 'string'), tool('count', 'int', 'int'), tool('say', 'int', 'string')])
    expect((await demo('POST', '/demo/ogc-api/processes', cwl(document))).status).toBe(201);
  const policy = JSON.stringify({ workflows: { words: { access: 'public' } } });
  await demo('PUT', '/workspaces/demo/files/eodh-config/access-policy.json', { body: policy });
});
afterAll(() => api.close());

const execute = (n: unknown, process = 'words', client = demo): Promise<Answer> =>
  client('POST', `/demo/ogc-api/processes/${process}/execution`, json({ inputs: { n } }));

describe('an input that is the output of another process', () => {
  it('makes one run of a workflow around both, whose process is the outermost', async () => {
    const say = {
      process: `${api.url}/demo/ogc-api/processes/say`,
      inputs: { n: { process: 'count', inputs: { n: 3 }, outputs: { out: {} } } },
    };
    const { status, body } = await execute({ ...say, outputs: { out: {} } });
    expect([status, body.detail]).toEqual([201, undefined]);
    expect(body).toMatchObject({ processID: 'words', status: 'accepted' });
    const { rows } = await api.database.pool.query<{ data: { inputs: object; process: { digest: string }; entry: string } }>(
      'select data from events where run_id = $1 and version = 1',
      [body.jobID],
    );
    const accepted = rows[0]?.data;
    expect(accepted).toMatchObject({ inputs: { 'n.n.n': 3 }, entry: 'nested' });
    const stored = await api.objects.getBytes(`demo/packages/${accepted?.process.digest}.json`, 1_000_000);
    expect(Object.keys((JSON.parse(stored.toString()) as { processes: object }).processes)).toEqual(
      expect.arrayContaining(['nested', 'process/words', 'n.process/say', 'n.n.process/count']),
    );
    expect((await demo('GET', `/demo/ogc-api/jobs/${body.jobID}`)).body).toMatchObject({ processID: 'words' });
  });

  it.each([
    ['of a type that does not fit', { process: 'count', inputs: { n: 1 }, outputs: { out: {} } }, /int/],
    ['that is one of several, and not named', { process: 'say', inputs: { n: 1 } }, /exactly one output is expected in .*out, more/],
    ['that it does not have', { process: 'say', inputs: { n: 1 }, outputs: { none: {} } }, /exactly one output/],
    ['that there is not', { process: 'none', outputs: { out: {} } }, /there is no process none/],
    ['elsewhere', { process: 'https://a.example/processes/say', outputs: { out: {} } }, /there is no process/],
    ['that comes with the release', { process: 'echo', outputs: { message: {} } }, /only those can be nested/],
    ['with an unknown input', { process: 'say', inputs: { m: 1 }, outputs: { out: {} } }, /say has no such input/],
    ['with an input that does not fit', { process: 'say', inputs: { n: 'x' }, outputs: { out: {} } }, /n\.n/],
    ['that lies too deep', nest(8), /5 deep/],
  ])('%s is refused, with the place', async (_what, value, reason) => {
    const { status, text } = await execute(value);
    expect([status, text]).toEqual([400, expect.stringMatching(reason)]);
  });

  it('is refused with a process of another workspace, which would run with other rights', async () => {
    const { status, text } = await execute({ process: 'say', inputs: { n: 1 }, outputs: { out: {} } }, 'words', other);
    expect([status, text]).toEqual([400, expect.stringContaining('only those can be nested')]);
  });

  it('may stand where a map is expected: then it is one', async () => {
    const record = tool('take', '{type: record, fields: {process: string}}', 'string');
    expect((await demo('POST', '/demo/ogc-api/processes', cwl(record))).status).toBe(201);
    expect((await execute({ process: 'say' }, 'take')).status).toBe(201);
  });
});

function nest(depth: number): object {
  return depth === 0
    ? { process: 'say', inputs: { n: 1 }, outputs: { out: {} } }
    : { process: 'words', inputs: { n: nest(depth - 1) }, outputs: { out: {} } };
}
