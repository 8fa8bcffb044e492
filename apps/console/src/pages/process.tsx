import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { absolute, ask, askJson, jsonBody, segment } from '../api.ts';
import type { ApiProblem } from '../api.ts';
import { fieldsOf, readForm } from '../form-fields.ts';
import type { Field } from '../form-fields.ts';
import { Card, Empty, Problem } from '../parts/basics.tsx';
import { GraphView } from '../parts/graph-view.tsx';
import { Values } from '../parts/results-view.tsx';
import { go, to } from '../route.ts';
import type { Graph, Process } from '../shapes.ts';
import { problemOf, useLoaded } from '../use.ts';

interface PageProps {
  readonly owner: string;
  readonly id: string;
  /** Of who looks; undefined: nobody is signed in. */
  readonly workspace: string | undefined;
  readonly mayExecute: boolean;
  readonly mayWrite: boolean;
}

export function ProcessPage({ owner, id, workspace, mayExecute, mayWrite }: PageProps): JSX.Element {
  const path = `/${segment(owner)}/ogc-api/processes/${segment(id)}`;
  const { value: process, problem } = useLoaded<Process>((signal) => askJson(path, { signal }), [workspace, path]);
  const { value: graph, problem: noGraph } = useLoaded<Graph>(
    (signal) => askJson(`/api/v1/workspaces/${segment(owner)}/processes/${segment(id)}/graph`, { signal }),
    [workspace, path],
  );
  if (!process) return <main>{problem ? <Problem of={problem} /> : <Empty>Loading…</Empty>}</main>;
  return (
    <main>
      <div class="head">
        <div>
          <h1>{process.title === undefined || process.title === '' ? id : process.title}</h1>
          <p class="facts">
            <code>{id}</code>
            <span class="dim">{`version ${process.version}`}</span>
            {workspace !== undefined && <a href={to(['runs'], { process: id })}>its runs</a>}
          </p>
        </div>
      </div>
      {process.description !== process.title && <p class="lead">{process.description}</p>}
      <Card title="Workflow">
        <Problem of={noGraph} />
        {graph && <GraphView graph={graph.nodes} />}
      </Card>
      <div class="columns">
        {mayExecute ? <RunForm key={path} path={path} process={process} workspace={workspace} mayWrite={mayWrite} /> : null}
        <Card title="Outputs">
          <dl class="values">
            {Object.entries(process.outputs).map(([name, { title, description, schema }]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  {title} <small>{schema.format === 'uri' ? 'file' : (schema.type ?? '')}</small>
                  {description !== undefined && description !== title && <small>{description}</small>}
                </dd>
              </div>
            ))}
          </dl>
        </Card>
      </div>
    </main>
  );
}

function RunForm({
  path,
  process,
  workspace,
  mayWrite,
}: {
  path: string;
  process: Process;
  workspace: string | undefined;
  mayWrite: boolean;
}): JSX.Element {
  const fields = useMemo(() => fieldsOf(process.inputs), [process]);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [name, setName] = useState('');
  const [labels, setLabels] = useState('');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const [answer, setAnswer] = useState<Record<string, unknown>>();
  const { inputs, faults } = readForm(fields, texts);
  const files = useKnownFiles(workspace);
  const execute = async (): Promise<void> => {
    const body = jsonBody({ inputs });
    // Who is nobody cannot look at a run of theirs: they wait for its results.
    if (workspace === undefined) return setAnswer(await askJson(`${path}/execution`, jsonBody({ inputs, response: 'document' })));
    const { jobID } = await askJson<{ jobID: string }>(`${path}/execution`, {
      ...body,
      headers: { ...body.headers, prefer: 'respond-async' },
    });
    const about = { ...(name.trim() === '' ? {} : { name: name.trim() }), ...(labels.trim() === '' ? {} : { labels: labelsOf(labels) }) };
    if (Object.keys(about).length > 0) await ask(`/api/v1/runs/${jobID}`, jsonBody(about, 'PATCH')).catch(() => undefined);
    go(to(['runs', jobID]));
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faults).length > 0) return;
    setBusy(true);
    setProblem(undefined);
    void execute()
      .catch((error: unknown) => setProblem(problemOf(error)))
      .finally(() => setBusy(false));
  };
  return (
    <Card title="Run">
      <form class="inputs" onSubmit={submit} noValidate>
        {fields.map((field) => (
          <FieldLine
            key={field.id}
            field={field}
            text={texts[field.id] ?? field.initial}
            fault={tried ? faults[field.id] : undefined}
            set={(text) => setTexts((before) => ({ ...before, [field.id]: text }))}
            uploads={mayWrite ? workspace : undefined}
          />
        ))}
        <datalist id="known-files">
          {files.map((file) => (
            <option key={file} value={file} />
          ))}
        </datalist>
        {workspace !== undefined && (
          <details>
            <summary>Name and labels</summary>
            <label>
              Name of the run <input value={name} maxLength={200} onInput={(event) => setName(event.currentTarget.value)} />
            </label>
            <label>
              Labels, one name=value per line
              <textarea rows={2} value={labels} onInput={(event) => setLabels(event.currentTarget.value)} />
            </label>
          </details>
        )}
        <Problem of={problem} />
        <div class="actions">
          <button type="submit" class="primary" disabled={busy}>
            Run
          </button>
        </div>
      </form>
      {answer && <Values values={answer} pictures />}
    </Card>
  );
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => [line.split('=')[0]?.trim() ?? '', line.split('=').slice(1).join('=').trim()] as const)
      .filter(([label, value]) => label !== '' && value !== ''),
  );

/** Files of the workspace, to choose from. */
function useKnownFiles(workspace: string | undefined): readonly string[] {
  const { value } = useLoaded<{ files: { href: string }[] }>(
    (signal) =>
      workspace === undefined ? Promise.resolve({ files: [] }) : askJson(`/workspaces/${workspace}/files?limit=200`, { signal }),
    [workspace],
  );
  return (value?.files ?? []).map(({ href }) => href);
}

interface LineProps {
  readonly field: Field;
  readonly text: string;
  readonly fault: string | undefined;
  readonly set: (text: string) => void;
  /** Workspace into whose files one may upload. */
  readonly uploads: string | undefined;
}

function FieldLine({ field, text, fault, set, uploads }: LineProps): JSX.Element {
  const id = `input-${field.id}`;
  const about = `${id}-about`;
  return (
    <div class={`field ${fault === undefined ? '' : 'faulty'}`}>
      <label for={id}>
        {field.title}
        {field.required && <span aria-hidden="true"> *</span>} <code class="dim">{field.id}</code>
      </label>
      <Control field={field} text={text} set={set} id={id} about={about} faulty={fault !== undefined} />
      {(field.kind === 'file' || field.kind === 'files') && uploads !== undefined && (
        <Upload
          workspace={uploads}
          label={field.title}
          many={field.kind === 'files'}
          onDone={(hrefs) => set([...(field.kind === 'files' && text !== '' ? [text] : []), ...hrefs].join('\n'))}
        />
      )}
      <small id={about}>{[field.description, field.hint].filter(Boolean).join(' · ')}</small>
      {fault !== undefined && (
        <small class="fault" role="alert">
          {fault}
        </small>
      )}
    </div>
  );
}

function Control({
  field,
  text,
  set,
  id,
  about,
  faulty,
}: Pick<LineProps, 'field' | 'text' | 'set'> & { id: string; about: string; faulty: boolean }): JSX.Element {
  const common = { id, 'aria-describedby': about, 'aria-invalid': faulty, required: field.required };
  const typed = (event: { currentTarget: { value: string } }): void => set(event.currentTarget.value);
  switch (field.kind) {
    case 'choice':
    case 'boolean':
      return (
        <select {...common} value={text} onChange={typed}>
          {(!field.required || text === '') && <option value="">{field.required ? 'choose…' : '(not given)'}</option>}
          {(field.kind === 'boolean' ? ['true', 'false'] : field.choices).map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      );
    case 'list':
    case 'files':
    case 'json':
      return <textarea {...common} class="mono" rows={4} spellcheck={false} value={text} onInput={typed} />;
    case 'file':
      return <input {...common} list="known-files" placeholder="https://… or upload" value={text} onInput={typed} />;
    case 'integer':
    case 'number':
      return <input {...common} inputMode={field.kind === 'integer' ? 'numeric' : 'decimal'} value={text} onInput={typed} />;
    case 'text':
      return <input {...common} value={text} onInput={typed} />;
  }
}

function Upload({
  workspace,
  label,
  many,
  onDone,
}: {
  workspace: string;
  label: string;
  many: boolean;
  onDone: (hrefs: string[]) => void;
}): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const send = async (files: readonly File[]): Promise<void> => {
    // A folder of its own each time: what a run was given stays as it was.
    const folder = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const hrefs: string[] = [];
    for (const file of files) {
      const path = `/workspaces/${workspace}/files/uploads/${folder}/${segment(file.name)}`;
      await ask(path, {
        method: 'PUT',
        body: file,
        headers: { 'content-type': file.type === '' ? 'application/octet-stream' : file.type },
      });
      hrefs.push(absolute(path));
    }
    onDone(hrefs);
  };
  return (
    <>
      <label class="button">
        {busy ? 'Uploading…' : 'Upload…'}
        <input
          type="file"
          aria-label={`Upload ${label}`}
          multiple={many}
          disabled={busy}
          onChange={(event) => {
            setBusy(true);
            setProblem(undefined);
            void send([...(event.currentTarget.files ?? [])])
              .catch((error: unknown) => setProblem(problemOf(error)))
              .finally(() => setBusy(false));
          }}
        />
      </label>
      <Problem of={problem} />
    </>
  );
}
