import { expect } from '@jest/globals';
import type { Answer, Subject } from './client.ts';
import { execute, isData, listOf, send, untilEnded } from './client.ts';
import { exceptions, expectException, expectJson, expectStatusInfo, linkOf, ogcRel } from './expectations.ts';
import type { Rule } from './service-rules.ts';

const inputs = { message: 'teststring' };

/** Address of a job that has been accepted. */
async function accepted(subject: Subject, more: object = {}): Promise<string> {
  const answer = await execute(subject, { inputs: { ...inputs, ...more } }, 'respond-async');
  expect(answer.status).toBe(201);
  return answer.headers.get('location') ?? '';
}

const idsOf = (list: Answer): string[] => listOf(expectJson(list)['jobs']).map((job) => (isData(job) ? String(job['jobID']) : ''));
const idOf = (job: string): string => job.slice(job.lastIndexOf('/') + 1);

/** Jobs: their status, their list, their end. */
export const jobRules: Readonly<Record<string, Rule>> = {
  '/conf/core/job-success': async (subject) => {
    const job = await accepted(subject);
    const status = expectStatusInfo(await untilEnded(subject, job));
    expect(status).toMatchObject({ status: 'successful', started: expect.any(String), finished: expect.any(String) });
    const answer = await send(subject, job);
    expect(linkOf(answer, `${ogcRel}/results`).href).toBe(`${job}/results`);
    expect((await send(subject, `${job}?f=html`)).type).toBe('text/html');
  },

  '/conf/core/job-exception-no-such-job': async (subject) => {
    for (const id of ['invalid-job', '01936d2e-7c1a-7000-8000-000000000001', '%00', 'a%2Fb'])
      for (const path of ['', '/results', '/results/message'])
        expectException(await send(subject, `/jobs/${id}${path}`), 404, `${exceptions}/no-such-job`);
  },

  '/conf/core/job-results-exception/results-not-ready': async (subject) => {
    const job = await accepted(subject, { pause: 5 });
    const early = await send(subject, job);
    expect(expectStatusInfo(expectJson(early))['status']).toMatch(/accepted|running/);
    linkOf(early, 'monitor');
    expectException(await send(subject, `${job}/results`), 404, `${exceptions}/result-not-ready`);
    await send(subject, job, { method: 'DELETE' });
  },

  '/conf/dismiss/job-dismiss-op': async (subject) => {
    const job = await accepted(subject, { pause: 10 });
    for (let twice = 0; twice < 2; twice += 1) {
      const dismissed = expectJson(await send(subject, job, { method: 'DELETE' }));
      expect(expectStatusInfo(dismissed)['status']).toBe('dismissed');
    }
    expectException(await send(subject, `${job}/results`), 404);
    expectException(await send(subject, '/jobs/none', { method: 'DELETE' }), 404, `${exceptions}/no-such-job`);
  },

  '/conf/job-list/job-list-op': async (subject) => {
    const job = await accepted(subject);
    const list = await send(subject, '/jobs');
    for (const status of listOf(expectJson(list)['jobs'])) expectStatusInfo(status);
    expect(idsOf(list)[0]).toBe(idOf(job));
    linkOf(list, 'self');
    linkOf(list, 'alternate');
  },

  '/conf/job-list/limit': async (subject) => {
    await Promise.all([accepted(subject), accepted(subject), accepted(subject)]);
    const all = idsOf(await send(subject, '/jobs?limit=1000'));
    const first = await send(subject, '/jobs?limit=2');
    const second = await send(subject, linkOf(first, 'next').href);
    expect([...idsOf(first), ...idsOf(second)].slice(0, 3)).toEqual(all.slice(0, 3));
    expect(idsOf(await send(subject, linkOf(second, 'prev').href))).toEqual(all.slice(0, 2));
    for (const limit of ['0', 'a']) expectException(await send(subject, `/jobs?limit=${limit}`), 400);
  },

  '/conf/job-list/type, processID': async (subject) => {
    const job = await accepted(subject);
    for (const query of ['type=process', 'processID=echo', 'processID=none,echo', 'processID=none&processID=echo'])
      expect(idsOf(await send(subject, `/jobs?${query}`))).toContain(idOf(job));
    for (const query of ['type=other', 'processID=none']) expect(idsOf(await send(subject, `/jobs?${query}`))).toEqual([]);
  },

  '/conf/job-list/status': async (subject) => {
    const [done, dismissed] = await Promise.all([accepted(subject), accepted(subject, { pause: 10 })]);
    await send(subject, dismissed, { method: 'DELETE' });
    await untilEnded(subject, done);
    const successful = idsOf(await send(subject, '/jobs?status=successful'));
    expect([successful.includes(idOf(done)), successful.includes(idOf(dismissed))]).toEqual([true, false]);
    const both = idsOf(await send(subject, '/jobs?status=dismissed,successful'));
    expect([both.includes(idOf(done)), both.includes(idOf(dismissed))]).toEqual([true, true]);
    expectException(await send(subject, '/jobs?status=lost'), 400);
  },

  '/conf/job-list/datetime': async (subject) => {
    const job = await accepted(subject);
    const created = String((await send(subject, job)).json()['created']);
    const before = new Date(Date.parse(created) - 1).toISOString();
    for (const query of [created, `${created}/..`, `../${created}`, `${before}/${created}`, `${created}/`])
      expect(idsOf(await send(subject, `/jobs?limit=1000&datetime=${query}`))).toContain(idOf(job));
    expect(idsOf(await send(subject, `/jobs?limit=1000&datetime=../${before}`))).not.toContain(idOf(job));
    expectException(await send(subject, '/jobs?datetime=yesterday'), 400);
  },

  '/conf/job-list/duration': async (subject) => {
    const long = await accepted(subject, { pause: 2 });
    const short = await accepted(subject);
    await Promise.all([untilEnded(subject, long), untilEnded(subject, short)]);
    const found = idsOf(await send(subject, '/jobs?limit=1000&minDuration=2&maxDuration=3600'));
    expect(found).toContain(idOf(long));
    expect(idsOf(await send(subject, '/jobs?limit=1000&maxDuration=1'))).not.toContain(idOf(long));
    expectException(await send(subject, '/jobs?minDuration=-1'), 400);
  },

  '/conf/html/content (jobs)': async (subject) => {
    const job = await accepted(subject);
    await untilEnded(subject, job);
    for (const path of ['/jobs?f=html', `${job}?f=html`, `${job}/results?f=html`])
      expect((await send(subject, path)).type).toBe('text/html');
    expectException(await send(subject, `${job}/results/none`), 404, `${exceptions}/no-such-output`);
  },
};
