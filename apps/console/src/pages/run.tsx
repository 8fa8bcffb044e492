import type { JSX } from 'preact';
import { useCallback, useMemo, useState } from 'preact/hooks';
import { ask, askJson, jsonBody } from '../api.ts';
import type { ApiProblem } from '../api.ts';
import { duration } from '../format.ts';
import { findNode, nodeOfStep, nodeStates } from '../node-states.ts';
import { Card, Empty, Labels, Problem, Progress, State, When } from '../parts/basics.tsx';
import { GraphView } from '../parts/graph-view.tsx';
import { LogView } from '../parts/log-view.tsx';
import { Values } from '../parts/results-view.tsx';
import { StepPanel, StepTable } from '../parts/step-panel.tsx';
import { TimelineView } from '../parts/timeline-view.tsx';
import { go, to } from '../route.ts';
import { isOver } from '../shapes.ts';
import type { Graph, Run, RunDetail, Timeline } from '../shapes.ts';
import { problemOf, useLoaded, useNews, useNow } from '../use.ts';

interface Chosen {
  readonly node: string;
  /** One element of it. */
  readonly step?: string;
}

/** One run: what it does, where it stands, what it gave. */
export function RunPage({ id, workspace, mayExecute }: { id: string; workspace: string; mayExecute: boolean }): JSX.Element {
  const address = `/api/v1/runs/${encodeURIComponent(id)}`;
  const [live, setLive] = useState<{ id: string; run: RunDetail; timeline: Timeline }>();
  const { value: graph, problem: noGraph } = useLoaded<Graph>((signal) => askJson(`${address}/graph`, { signal }), [workspace, id]);
  const look = useCallback(async () => {
    const [run, timeline] = await Promise.all([askJson<RunDetail>(address), askJson<Timeline>(`${address}/timeline`)]);
    setLive({ id, run, timeline });
  }, [address, id]);
  const { problem } = useLoaded(look, [workspace, id]);
  const current = live?.id === id ? live : undefined;
  const over = current !== undefined && isOver(current.run.status);
  useNews(`${address}/events`, over, look);
  const now = useNow(!over);
  const [chosen, setChosen] = useState<Chosen>();
  const states = useMemo(() => (current ? nodeStates(current.run.nodes, current.timeline.nodes) : undefined), [current]);
  if (!current || !states) return <main>{problem ? <Problem of={problem} /> : <p class="empty">Loading…</p>}</main>;
  const { run, timeline } = current;
  const nodes = graph?.nodes ?? [];
  const failedStep = run.failure?.step;
  const selected = chosen?.node ?? (failedStep === undefined ? undefined : nodeOfStep(failedStep));
  const select = (node: string, step?: string): void => setChosen(step === undefined ? { node } : { node, step });
  return (
    <main>
      <RunHead run={run} now={now} mayExecute={mayExecute} onChanged={() => void look()} />
      <Problem of={problem ?? noGraph} />
      {run.failure && (
        <FailureCard run={run} command={failedStep === undefined ? undefined : findNode(nodes, nodeOfStep(failedStep))?.command} />
      )}
      {run.attention !== undefined && (
        <p class="problem" role="alert">
          {run.attention}
        </p>
      )}
      <Card title="Workflow">
        <GraphView graph={nodes} states={states} selected={selected} onSelect={(node) => select(node)} />
      </Card>
      {chosen && (
        <StepPanel
          key={chosen.node}
          run={run.run}
          over={over}
          node={chosen.node}
          step={chosen.step}
          graphNode={findNode(nodes, chosen.node)}
          shown={states.get(chosen.node)}
          times={timeline.nodes.find(({ node }) => node === chosen.node)}
          onStep={(step) => select(chosen.node, step)}
          onClose={() => setChosen(undefined)}
        />
      )}
      {run.status === 'successful' && <Results run={run} workspace={workspace} />}
      <div class="columns">
        <Card title="Timeline">
          {timeline.nodes.length === 0 ? (
            <Empty>No step has been started.</Empty>
          ) : (
            <TimelineView timeline={timeline} graph={nodes} now={over ? 0 : now} selected={selected} onSelect={select} />
          )}
        </Card>
        <Card title="Steps">
          <StepTable nodes={run.nodes} over={over} selected={selected} onSelect={select} now={now} />
        </Card>
      </div>
      <Inputs run={run} workspace={workspace} />
    </main>
  );
}

function RunHead({ run, now, mayExecute, onChanged }: { run: Run; now: number; mayExecute: boolean; onChanged: () => void }): JSX.Element {
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const over = isOver(run.status);
  const act = (what: Promise<void>): void => {
    setBusy(true);
    void what.catch((error: unknown) => setProblem(problemOf(error))).finally(() => setBusy(false));
  };
  const cancel = async (): Promise<void> => {
    await ask(`/api/v1/runs/${run.run}`, { method: 'DELETE' });
    onChanged();
  };
  const again = async (): Promise<void> => {
    const next = await askJson<Run>(`/api/v1/runs/${run.run}/again`, jsonBody({}));
    go(to(['runs', next.run]));
  };
  const end = run.finished === undefined ? now : Date.parse(run.finished);
  const took = run.started === undefined ? undefined : end - Date.parse(run.started);
  return (
    <>
      <div class="head">
        <div>
          <h1>{run.name ?? run.process.id}</h1>
          <p class="facts">
            <State of={run.status} />
            <a href={to(['processes', run.process.workspace, run.process.id])}>{`${run.process.id} (revision ${run.process.version})`}</a>
            <span class="mono dim">{run.run}</span>
            <Labels of={run.labels} />
          </p>
        </div>
        {mayExecute && (
          <div class="actions">
            {!over && (
              <button type="button" class="danger" disabled={busy} onClick={() => act(cancel())}>
                Cancel
              </button>
            )}
            <button type="button" disabled={busy} onClick={() => act(again())}>
              Run again
            </button>
          </div>
        )}
      </div>
      <Problem of={problem} />
      <div class="facts wide">
        <Progress value={run.progress} state={run.status} label="Progress" />
        {!over && <span>{run.message}</span>}
        <span class="dim">
          accepted <When at={run.created}>{new Date(run.created).toLocaleString()}</When>
        </span>
        {took !== undefined && (
          <span class="dim">{`${over ? 'took' : 'for'} ${duration(over ? took : Math.floor(took / 1000) * 1000)}`}</span>
        )}
      </div>
    </>
  );
}

function FailureCard({ run, command }: { run: Run; command: readonly string[] | undefined }): JSX.Element {
  const { failure } = run;
  return (
    <section class="card failure" aria-label="Why it failed">
      <h2>{failure?.step === undefined ? 'The run failed' : `${failure.step} failed`}</h2>
      <p class="reason">{failure?.reason}</p>
      <p class="facts">
        <span class="label">{failure?.class}</span>
        {failure?.exitCode !== undefined && <span>{`exit code ${failure.exitCode}`}</span>}
        {command && command.length > 0 && <code>{command.join(' ')}</code>}
      </p>
      {failure?.step !== undefined && <LogView run={run.run} step={failure.step} follow={false} />}
    </section>
  );
}

function Results({ run, workspace }: { run: Run; workspace: string }): JSX.Element {
  const { value, problem } = useLoaded<Record<string, unknown>>(
    (signal) => askJson(`/${workspace}/ogc-api/jobs/${run.run}/results?f=json`, { signal }),
    [workspace, run.run],
  );
  return (
    <Card title="Results">
      <Problem of={problem} />
      {value && (Object.keys(value).length === 0 ? <Empty>It gave none.</Empty> : <Values values={value} pictures />)}
    </Card>
  );
}

function Inputs({ run, workspace }: { run: Run; workspace: string }): JSX.Element {
  const { value, problem } = useLoaded<{ inputs: Record<string, unknown> }>(
    (signal) => askJson(`/${workspace}/ogc-api/jobs/${run.run}/inputs?f=json`, { signal }),
    [workspace, run.run],
  );
  return (
    <Card title="Inputs">
      <Problem of={problem} />
      {value && (Object.keys(value.inputs).length === 0 ? <Empty>It has none.</Empty> : <Values values={value.inputs} />)}
    </Card>
  );
}
