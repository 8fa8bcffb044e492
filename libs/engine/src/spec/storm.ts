import type { Order, Play } from './given.ts';

/** Random, reproducible choices; shrinking a list of numbers shrinks the run. */
export type Choose = (below: number) => number;

export const chooser = (numbers: number[]): Choose => {
  let next = 0;
  return (below) => (numbers[next++ % Math.max(1, numbers.length)] ?? 0) % below;
};

const failure = { class: 'infrastructure', reason: 'the disk was away' };

/** Any order that could arrive now. Outputs follow from the step's name, so that every way through the run ends with the same outputs. */
function possible(play: Play, failures: Map<string, number>): Order[] {
  const { evaluations, attempts, ready } = play.engine.outstanding(play.state);
  const waiting = [...failures.keys()].filter((step) =>
    play.engine.elementStatus(play.state, step)?.reason?.startsWith('waits to be tried again'),
  );
  return [
    ...evaluations.map(({ key, context }): Order => ({
      type: 'record-evaluation',
      key,
      outcome: { value: key.endsWith(':when') ? JSON.stringify(context.inputs).length % 3 !== 0 : [key.length, context.self] },
    })),
    ...ready.map(({ node, count }): Order => ({ type: 'grant-steps', node, executor: 'x-1', count: Math.ceil(count / 2) })),
    ...attempts.flatMap(({ step, attempt, executor }): Order[] => {
      const ref = { step, attempt, executor };
      const again: Order[] = [
        { type: 'lose-step', ...ref },
        { type: 'finish-step', ...ref, outcome: 'failed', outputs: {}, failure },
      ];
      return [
        { type: 'start-step', ...ref },
        { type: 'hand-back-step', ...ref, reason: 'it shuts down' },
        { type: 'finish-step', ...ref, outcome: 'success', outputs: { out: `by ${step}` } },
        ...((failures.get(step) ?? 0) < 3 ? again : []),
      ];
    }),
    ...waiting.map((key): Order => ({ type: 'fire-timer', kind: 'retry', key })),
  ];
}

/** Orders in random sequence, some repeated or out of date, then all that is left until the run is publishing. */
export function storm(play: Play, choose: Choose, length: number): Play {
  const failures = new Map<string, number>();
  const sent: Order[] = [];
  const send = (order: Order): void => {
    sent.push(order);
    for (const event of play.advance(order).events) {
      if (event.type === 'step.retry-scheduled') failures.set(event.data.step, (failures.get(event.data.step) ?? 0) + 1);
    }
  };
  for (let turn = 0; turn < length && play.state.phase === 'running'; turn++) {
    const orders = possible(play, failures);
    const old = sent[choose(Math.max(1, sent.length))];
    const next = orders[choose(orders.length)];
    if (old && choose(3) === 0) play.advance(old);
    if (next && play.state.phase === 'running') send(next);
  }
  while (play.state.phase === 'running') {
    const good = possible(play, failures).find((order) => order.type !== 'start-step' && order.type !== 'hand-back-step');
    if (!good) throw new Error(`the run is stuck: ${JSON.stringify(play.engine.summary(play.state))}`);
    send(good);
  }
  return play;
}
