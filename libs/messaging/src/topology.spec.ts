import { describe, expect, it } from '@jest/globals';
import type { Contract } from '@runnel/contracts';
import { contracts, services, subjectPattern } from '@runnel/contracts';
import { natsServerConfig, permissionsOf } from './permissions.ts';
import { durablePlans, shardPlan, streamOf, streamPlans } from './topology.ts';

const all: readonly Contract[] = contracts;

describe('topology', () => {
  it('keeps every contract that is not ephemeral in exactly one stream', () => {
    for (const contract of all) {
      const streams = streamPlans('rn').filter(({ subjects }) => subjects.includes(subjectPattern(contract, 'rn')));
      expect(streams.map(({ name }) => name)).toEqual(contract.delivery === 'ephemeral' ? [] : [streamOf(contract, 'rn')]);
    }
  });

  it('has a durable for each service that reacts to a contract', () => {
    const plans = [...durablePlans('rn'), shardPlan('x', 'rn')];
    for (const contract of all.filter(({ delivery }) => delivery === 'work')) {
      for (const service of contract.to) {
        expect([contract.name, service, plans.some((plan) => plan.service === service && plan.contracts.includes(contract))]).toEqual([
          contract.name,
          service,
          true,
        ]);
      }
    }
  });

  it('refuses when full instead of dropping what nobody has read', () => {
    for (const name of ['rn-work', 'rn-orders']) {
      expect(streamPlans('rn').find((plan) => plan.name === name)).toMatchObject({ retention: 'interest', discard: 'new' });
    }
  });
});

describe('permissions', () => {
  it('let an executor publish news of its steps and read orders, nothing else', () => {
    const { publish, subscribe } = permissionsOf('executor', 'rn');
    expect(publish).toEqual(expect.arrayContaining(['rn.step.finished.*', 'rn.executor.heartbeat', '$JS.ACK.rn-orders.*.>']));
    expect(
      publish.filter(
        (subject) => subject.startsWith('rn.run.') || subject.startsWith('rn.step.requested') || subject.includes('rn-work.scheduler'),
      ),
    ).toEqual([]);
    expect(subscribe).toEqual(['_INBOX_executor.>', 'rn.secrets.given.*']);
  });

  it('give nobody but the operator the right to delete streams, and the api that to tend dead letters', () => {
    for (const service of services) {
      const rights = permissionsOf(service, 'rn').publish.filter((subject) => /STREAM\.(DELETE|PURGE|MSG)/.test(subject));
      expect(rights).toEqual(service === 'api' ? ['$JS.API.STREAM.MSG.GET.rn-dead', '$JS.API.STREAM.MSG.DELETE.rn-dead'] : []);
    }
  });

  it('stand in the configuration of nats-server, with each user and password', () => {
    const text = natsServerConfig({
      port: 4222,
      storeDir: '/data/js',
      users: { api: 'a"1', scheduler: 'b', executor: 'c', ingester: 'd', harvester: 'e', operator: 'f' },
    });
    expect(text).toContain('{ user: "api", password: "a\\"1", permissions: {');
    expect(text).toContain('{ user: "operator", password: "f" }');
  });
});
