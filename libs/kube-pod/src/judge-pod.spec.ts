import type { V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { describe, expect, it } from '@jest/globals';
import { judgePod, mayRun, staysFor } from './judge-pod.ts';
import { podTooLarge, quantity } from './too-large.ts';

type Statuses = NonNullable<V1PodStatus['containerStatuses']>;
type State = NonNullable<Statuses[number]['state']>;

const container = (name: string, state: State): Statuses[number] => ({
  name,
  state,
  image: 'registry/tool:1',
  imageID: '',
  ready: false,
  restartCount: 0,
});
const times = { startedAt: new Date(1000), finishedAt: new Date(3000) };
const done = (exitCode: number, more: object = {}): State => ({ terminated: { exitCode, ...times, ...more } });
const pod = (status: V1PodStatus): V1Pod => ({ status });
const ends = (tool: State, upload: State = done(0)): V1Pod =>
  pod({ phase: 'Failed', containerStatuses: [container('upload', upload), container('tool', tool)] });
const waits = (reason: string, message: string): V1Pod =>
  pod({ phase: 'Pending', containerStatuses: [container('tool', { waiting: { reason, message } })] });

describe('what is made of a pod', () => {
  it('waits, runs and ends', () => {
    expect(judgePod({})).toMatchObject({ state: 'waiting' });
    expect(judgePod(pod({ phase: 'Running', containerStatuses: [container('tool', { running: {} })] }))).toEqual({ state: 'running' });
    const ended = {
      state: 'ended',
      exitCode: 3,
      outOfMemory: false,
      startedAt: new Date(1000).toISOString(),
      finishedAt: new Date(3000).toISOString(),
    };
    expect(judgePod(ends(done(3)))).toEqual(ended);
    expect(judgePod(ends(done(137, { reason: 'OOMKilled' })))).toMatchObject({ exitCode: 137, outOfMemory: true });
  });

  it('stays for a look where its step failed, and only then', () => {
    const ended = times.finishedAt.getTime();
    expect(staysFor(ends(done(3)), 2, ended + 30_000)).toBe(90_000);
    expect(staysFor(ends(done(3)), 2, ended + 150_000)).toBe(0);
    expect(staysFor(ends(done(3)), 0, ended)).toBe(0);
    expect(staysFor(ends(done(0)), 2, ended)).toBe(0);
    expect(staysFor(pod({ phase: 'Running', containerStatuses: [container('tool', done(3))] }), 2, ended)).toBe(0);
    const unsaid = pod({ phase: 'Running', containerStatuses: [container('upload', done(0)), container('tool', done(3))] });
    expect(staysFor(unsaid, 2, ended)).toBe(120_000);
  });

  it('is not over while its files are kept', () => {
    expect(
      judgePod(pod({ phase: 'Running', containerStatuses: [container('upload', { running: {} }), container('tool', done(0))] })),
    ).toEqual({ state: 'running' });
  });

  it.each<[string, V1Pod, string, RegExp]>([
    [
      'its storage',
      pod({ phase: 'Failed', reason: 'Evicted', message: 'Usage of EmptyDir volume "out" exceeds the limit "1Mi".' }),
      'output-limit',
      /wrote more than it may/,
    ],
    [
      'its node evicted it',
      pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }),
      'infrastructure',
      /evicted it: The node was low/,
    ],
    [
      'its storage, of all containers',
      pod({
        phase: 'Failed',
        reason: 'Evicted',
        message: 'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
      }),
      'output-limit',
      /wrote more than it may/,
    ],
    [
      'its storage, of a container',
      pod({ phase: 'Failed', reason: 'Evicted', message: 'Container tool exceeded its local ephemeral storage limit "10Mi". ' }),
      'output-limit',
      /wrote more than it may/,
    ],
    [
      'the disk of its node',
      pod({
        phase: 'Failed',
        reason: 'Evicted',
        message:
          'The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 900Mi. Container tool was using 2Gi, request is 0.',
      }),
      'infrastructure',
      /evicted it: The node was low/,
    ],
    ['its deadline', pod({ phase: 'Failed', reason: 'DeadlineExceeded' }), 'time-limit', /longer than its time limit/],
    [
      'its node is silent',
      pod({ phase: 'Running', conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }] }),
      'infrastructure',
      /node was lost/,
    ],
    ['its node refused it', pod({ phase: 'Failed', reason: 'OutOfcpu', message: 'Pod was rejected' }), 'infrastructure', /OutOfcpu/],
    [
      'no such image',
      waits('ErrImagePull', 'rpc error: code = NotFound desc = registry/tool:1: not found'),
      'image',
      /there is no image registry\/tool:1/,
    ],
    ['an image that is not given', waits('ErrImagePull', 'pull access denied, authorization failed'), 'image', /does not give the image/],
    ['a name that is none', waits('InvalidImageName', ''), 'image', /no name of an image/],
    ['an image that may not be pulled', waits('ErrImageNeverPull', ''), 'image', /may not be pulled/],
    ['a container that cannot be made', waits('CreateContainerError', 'a fault'), 'image', /a fault/],
    [
      'inputs away',
      pod({ initContainerStatuses: [container('stage', done(10, { message: 'log\nthe store is away' }))] }),
      'staging',
      /staging in: the store is away/,
    ],
    [
      'inputs missing',
      pod({ initContainerStatuses: [container('stage', done(11, { message: 'no such object' }))] }),
      'inputs',
      /no such object/,
    ],
    ['outputs away', ends(done(0), done(10, { message: 'the store is away' })), 'staging', /staging out/],
    ['outputs refused', ends(done(0), done(11, { message: 'more than 200000 entries' })), 'outputs', /200000/],
    ['an uploader that was killed', ends(done(0), done(137)), 'infrastructure', /killed/],
    ['somebody deletes it', { ...ends(done(143)), metadata: { deletionTimestamp: new Date(0) } }, 'infrastructure', /deleted from outside/],
    ['a start that failed', ends(done(128, { reason: 'StartError', message: 'no such file' })), 'image', /no such file/],
  ])('fails: %s', (_name, given, failureClass, reason) => {
    expect(judgePod(given)).toMatchObject({ state: 'failed', failure: { class: failureClass, reason: expect.stringMatching(reason) } });
  });

  it("tells a tool's own fault, not that of what came after", () => {
    expect(judgePod(ends(done(3), done(10)))).toMatchObject({ state: 'ended', exitCode: 3 });
  });

  it('tells a node that is not heard of from containers that are not ready', () => {
    const running = (ready: string, containersReady: string): V1Pod =>
      pod({
        phase: 'Running',
        conditions: [
          { type: 'Ready', status: ready },
          { type: 'ContainersReady', status: containersReady },
        ],
      });
    expect(judgePod(running('True', 'True'))).toEqual({ state: 'running' });
    expect(judgePod(running('False', 'False'))).toEqual({ state: 'running' });
    expect(judgePod(running('False', 'True'))).toEqual({ state: 'running', unheard: true });
  });

  it('knows what may still run', () => {
    const containerStatuses = [container('tool', { running: {} })];
    expect(mayRun(pod({ phase: 'Running', containerStatuses }))).toBe(true);
    expect(mayRun(pod({ phase: 'Failed', containerStatuses }))).toBe(false);
    expect(mayRun(ends(done(0)))).toBe(false);
  });

  it('waits for a registry that is away, and for a node', () => {
    expect(judgePod(waits('ImagePullBackOff', 'dial tcp: lookup registry: no such host'))).toMatchObject({
      state: 'waiting',
      pending: 'image',
    });
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' }];
    expect(judgePod(pod({ phase: 'Pending', conditions }))).toMatchObject({
      state: 'waiting',
      pending: 'schedule',
      reason: expect.stringContaining('0/1 nodes'),
    });
  });
});

describe('too large for every node', () => {
  const asks = (requests: Record<string, string>): V1Pod => ({
    spec: {
      containers: [
        { name: 'upload', resources: { requests: { cpu: '10m' } } },
        { name: 'tool', resources: { requests } },
      ],
    },
  });
  const nodes = [{ status: { allocatable: { cpu: '2', memory: '4Gi' } } }, { status: { allocatable: { cpu: '4', memory: '1Gi' } } }];

  it('says what is missing', () => {
    expect(podTooLarge(asks({ cpu: '3990m' }), nodes)).toBeUndefined();
    expect(podTooLarge(asks({ cpu: '4' }), nodes)).toMatch(/needs 4\.01 of cpu, the largest node has 4$/);
    expect(podTooLarge(asks({ cpu: '3', memory: '2Gi' }), nodes)).toMatch(/more of several resources/);
    expect(podTooLarge(asks({ 'nvidia.com/gpu': '1' }), nodes)).toMatch(/1 of nvidia\.com\/gpu, the largest node has 0/);
    expect(podTooLarge(asks({ cpu: '4000' }), [])).toBeUndefined();
  });

  it('reads quantities', () => {
    expect(['500m', '2Gi', '3', '1e3', '129M', 'x'].map(quantity)).toEqual([0.5, 2 ** 31, 3, 1000, 129e6, NaN]);
  });
});
