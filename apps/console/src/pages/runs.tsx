import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { askJson, jsonBody } from '../api.ts';
import type { ApiProblem } from '../api.ts';
import { ago, duration, shortId } from '../format.ts';
import { Empty, Labels, Problem, Progress, State, When } from '../parts/basics.tsx';
import { go, to } from '../route.ts';
import type { Place } from '../route.ts';
import { isOver, runStates } from '../shapes.ts';
import type { Run } from '../shapes.ts';
import { problemOf, useLoaded, useNow } from '../use.ts';

interface Page {
  readonly runs: readonly Run[];
  readonly next?: string;
}

const pageSize = '50';
const every = 2500;

/** Runs of the workspace, as they go. Filters are in the address: they can be kept and shared. */
export function RunsPage({ place, workspace, mayExecute }: { place: Place; workspace: string; mayExecute: boolean }): JSX.Element {
  const filter = Object.fromEntries(['status', 'process', 'label', 'text', 'after'].map((name) => [name, place.query.get(name) ?? '']));
  const query = new URLSearchParams([['limit', pageSize], ...Object.entries(filter).filter(([, value]) => value !== '')]);
  const {
    value: page,
    problem,
    again,
  } = useLoaded<Page>((signal) => askJson(`/api/v1/runs?${query.toString()}`, { signal }), [workspace, query.toString()], every);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [failed, setFailed] = useState<ApiProblem>();
  const now = useNow(true);
  useEffect(() => setChosen(new Set()), [query.toString()]);
  const set = (changes: Readonly<Record<string, string>>): void => go(to(['runs'], { ...filter, after: '', ...changes }));
  const runs = page?.runs ?? [];
  const open = runs.filter(({ status }) => !isOver(status));
  const chosenOpen = open.filter(({ run }) => chosen.has(run));
  const cancel = (): void => {
    askJson('/api/v1/runs/dismiss', jsonBody({ runs: chosenOpen.map(({ run }) => run) })).then(
      () => (setChosen(new Set()), again()),
      (error: unknown) => setFailed(problemOf(error)),
    );
  };
  const next = page?.next === undefined ? undefined : new URLSearchParams(page.next.split('?')[1]).get('after');
  return (
    <main>
      <div class="head">
        <h1>Runs</h1>
        <Filters filter={filter} set={set} />
      </div>
      <Problem of={failed ?? problem} />
      {mayExecute && chosenOpen.length > 0 && (
        <div class="bulk" role="status">
          {`${chosenOpen.length} chosen`}
          <button type="button" class="danger" onClick={cancel}>
            {`Cancel ${chosenOpen.length === 1 ? 'the run' : `${chosenOpen.length} runs`}`}
          </button>
          <button type="button" class="link" onClick={() => setChosen(new Set())}>
            Choose none
          </button>
        </div>
      )}
      {page && runs.length === 0 ? (
        <Empty>
          {[...query.keys()].length > 1 ? 'No run is like that.' : 'There is no run yet. '}
          {[...query.keys()].length > 1 ? null : <a href={to(['processes'])}>Start one</a>}
        </Empty>
      ) : (
        <table class="runs">
          <thead>
            <tr>
              {mayExecute && (
                <th class="check">
                  <input
                    type="checkbox"
                    aria-label="Choose all that are under way"
                    disabled={open.length === 0}
                    checked={open.length > 0 && chosenOpen.length === open.length}
                    onChange={(event) => setChosen(new Set(event.currentTarget.checked ? open.map(({ run }) => run) : []))}
                  />
                </th>
              )}
              <th>State</th>
              <th>Run</th>
              <th>Progress</th>
              <th>Labels</th>
              <th class="number">Accepted</th>
              <th class="number">Took</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <RunLine
                key={run.run}
                run={run}
                now={now}
                check={
                  mayExecute
                    ? {
                        on: chosen.has(run.run),
                        set: (on) =>
                          setChosen((before) => new Set(on ? [...before, run.run] : [...before].filter((one) => one !== run.run))),
                      }
                    : undefined
                }
                onLabel={(label) => set({ label })}
              />
            ))}
          </tbody>
        </table>
      )}
      <nav class="pages" aria-label="Pages">
        {filter['after'] !== '' && <a href={to(['runs'], { ...filter, after: '' })}>Newest</a>}
        {next !== null && next !== undefined && <a href={to(['runs'], { ...filter, after: next })}>Older</a>}
      </nav>
    </main>
  );
}

interface LineProps {
  readonly run: Run;
  readonly now: number;
  readonly check: { readonly on: boolean; readonly set: (on: boolean) => void } | undefined;
  readonly onLabel: (label: string) => void;
}

function RunLine({ run, now, check, onLabel }: LineProps): JSX.Element {
  const ended = run.finished === undefined ? now : Date.parse(run.finished);
  const over = isOver(run.status);
  return (
    <tr>
      {check && (
        <td class="check">
          {!over && (
            <input
              type="checkbox"
              aria-label={`Choose run ${run.run}`}
              checked={check.on}
              onChange={(event) => check.set(event.currentTarget.checked)}
            />
          )}
        </td>
      )}
      <td>
        <State of={run.status} />
      </td>
      <td class="what">
        <a href={to(['runs', run.run])}>
          {run.name ?? run.process.id} <span class="mono dim">{shortId(run.run)}</span>
        </a>
        {run.name !== undefined && <small>{run.process.id}</small>}
        {run.attention !== undefined && <small class="warn">{run.attention}</small>}
      </td>
      <td class="how">
        <Progress value={run.progress} state={run.status} label={`Progress of ${run.name ?? run.process.id}`} />
        <small title={run.message}>{run.status === 'successful' ? '' : (run.failure?.reason ?? run.message)}</small>
      </td>
      <td class="labels">
        {Object.entries(run.labels).map(([name, value]) => (
          <button
            type="button"
            class="plain"
            key={name}
            title={`Only runs with ${name}=${value}`}
            onClick={() => onLabel(`${name}=${value}`)}
          >
            <Labels of={{ [name]: value }} />
          </button>
        ))}
      </td>
      <td class="number">
        <When at={run.created}>{ago(now - Date.parse(run.created))}</When>
      </td>
      <td class="number">
        {run.started === undefined
          ? '–'
          : duration(over ? ended - Date.parse(run.started) : Math.floor((ended - Date.parse(run.started)) / 1000) * 1000)}
      </td>
    </tr>
  );
}

function Filters({
  filter,
  set,
}: {
  filter: Readonly<Record<string, string>>;
  set: (changes: Readonly<Record<string, string>>) => void;
}): JSX.Element {
  const field = (name: string, label: string, placeholder: string): JSX.Element => (
    <label>
      <span class="visually-hidden">{label}</span>
      <input
        type="search"
        name={name}
        placeholder={placeholder}
        value={filter[name]}
        onChange={(event) => set({ [name]: event.currentTarget.value.trim() })}
      />
    </label>
  );
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span class="visually-hidden">State</span>
        <select value={filter['status']} onChange={(event) => set({ status: event.currentTarget.value })}>
          <option value="">all states</option>
          <option value="accepted,running,publishing">under way</option>
          {runStates.map((state) => (
            <option key={state} value={state}>
              {state}
            </option>
          ))}
        </select>
      </label>
      {field('text', 'Text in name, process, label, or the beginning of an id', 'Search…')}
      {field('process', 'Process', 'process')}
      {field('label', 'Label', 'label=value')}
    </form>
  );
}
