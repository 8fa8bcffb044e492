import type { JSX } from 'preact';
import { absolute, ask, askJson } from '../api.ts';
import { ago, bytes } from '../format.ts';
import { Card, Empty, Problem, State, When } from '../parts/basics.tsx';
import { useLoaded, useNow } from '../use.ts';

interface Queue {
  readonly waiting: readonly {
    readonly workspace: string;
    readonly reason: string;
    readonly steps: number;
    readonly runs: number;
    readonly cores: number;
    readonly memoryMiB: number;
    readonly since: string;
  }[];
  readonly active: readonly { readonly workspace: string; readonly executor: string; readonly steps: number }[];
}
interface Executor {
  readonly id: string;
  readonly backend: string;
  readonly slots: number;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly isolation: string;
  readonly accepting: boolean;
  readonly alive: boolean;
  readonly cordon: string | null;
  readonly heartbeat: string;
}
interface Letter {
  readonly seq: number;
  readonly [field: string]: unknown;
}

const every = 3000;

/** All workspaces at a glance, for who runs the service. */
export function OperatorPage(): JSX.Element {
  const queue = useLoaded<Queue>((signal) => askJson('/api/v1/queue', { signal }), [], every);
  const executors = useLoaded<{ executors: Executor[] }>((signal) => askJson('/api/v1/executors', { signal }), [], every);
  const letters = useLoaded<{ deadLetters: Letter[] }>((signal) => askJson('/api/v1/dead-letters?limit=50', { signal }), [], 4 * every);
  const now = useNow(true);
  const active = (executor: string): number =>
    (queue.value?.active ?? []).reduce((sum, one) => sum + (one.executor === executor ? one.steps : 0), 0);
  const handle = (seq: number, method: string, path = ''): void =>
    void ask(`/api/v1/dead-letters/${seq}${path}`, { method }).then(letters.again, letters.again);
  return (
    <main>
      <div class="head">
        <h1>Operation</h1>
        <p class="facts">
          <a href={absolute('/metrics')} target="_blank" rel="noreferrer">
            metrics
          </a>
          <a href={absolute('/health/ready')} target="_blank" rel="noreferrer">
            health
          </a>
          <a href={absolute('/api/docs')} target="_blank" rel="noreferrer">
            API
          </a>
        </p>
      </div>
      <Problem of={queue.problem ?? executors.problem ?? letters.problem} />
      <Card title="Queue">
        {queue.value?.waiting.length === 0 ? (
          <Empty>Nothing waits.</Empty>
        ) : (
          <table>
            <thead>
              <tr>
                <th>Workspace</th>
                <th>Why</th>
                <th class="number">Steps</th>
                <th class="number">Runs</th>
                <th class="number">Cores</th>
                <th class="number">Memory</th>
                <th class="number">Longest</th>
              </tr>
            </thead>
            <tbody>
              {queue.value?.waiting.map((one) => (
                <tr key={`${one.workspace} ${one.reason}`}>
                  <td>{one.workspace}</td>
                  <td>{one.reason}</td>
                  <td class="number">{one.steps}</td>
                  <td class="number">{one.runs}</td>
                  <td class="number">{one.cores}</td>
                  <td class="number">{bytes(one.memoryMiB * 1024 * 1024)}</td>
                  <td class="number">
                    <When at={one.since}>{ago(now - Date.parse(one.since))}</When>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Card>
      <Card title="Executors">
        <table>
          <thead>
            <tr>
              <th>Executor</th>
              <th>State</th>
              <th>Slots</th>
              <th>Backend</th>
              <th>Isolation</th>
              <th class="number">Heard of</th>
            </tr>
          </thead>
          <tbody>
            {executors.value?.executors.map((one) => (
              <tr key={one.id}>
                <td class="mono">{one.id}</td>
                <td>
                  <State of={!one.alive ? 'lost' : one.cordon !== null ? 'cordoned' : one.accepting ? 'alive' : 'stopping'} />
                  {one.cordon !== null && <small>{one.cordon}</small>}
                </td>
                <td>
                  <Slots used={active(one.id)} of={one.slots} />
                </td>
                <td>{one.backend}</td>
                <td>{one.isolation}</td>
                <td class="number">
                  <When at={one.heartbeat}>{ago(now - Date.parse(one.heartbeat))}</When>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Card>
      <Card title="Dead letters">
        {letters.value?.deadLetters.length === 0 ? (
          <Empty>There is none: every message could be handled.</Empty>
        ) : (
          <table>
            <tbody>
              {letters.value?.deadLetters.map((letter) => (
                <tr key={letter.seq}>
                  <td class="number">{letter.seq}</td>
                  <td>
                    <pre class="value">{JSON.stringify(letter, undefined, 1)}</pre>
                  </td>
                  <td>
                    <button type="button" onClick={() => handle(letter.seq, 'POST', '/replay')}>
                      Send again
                    </button>
                    <button type="button" class="danger" onClick={() => handle(letter.seq, 'DELETE')}>
                      Drop
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Card>
    </main>
  );
}

/** Slots as boxes where they can be counted. */
function Slots({ used, of: slots }: { used: number; of: number }): JSX.Element {
  return (
    <span class="slots" title={`${used} of ${slots} in use`}>
      {slots <= 32 && Array.from({ length: slots }, (_, index) => <i key={index} class={index < used ? 'used' : ''} aria-hidden="true" />)}
      {` ${used} / ${slots}`}
    </span>
  );
}
