import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ask, askJson, segment } from '../api.ts';
import type { ApiProblem } from '../api.ts';
import { Card, Empty, Problem } from '../parts/basics.tsx';
import { go, to } from '../route.ts';
import type { Place } from '../route.ts';
import type { ProcessSummary } from '../shapes.ts';
import { problemOf, useLoaded } from '../use.ts';

interface Page {
  readonly processes: readonly ProcessSummary[];
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

/** What can be run: of the own workspace, or what another one offers. */
export function ProcessesPage({ place, workspace, mayDeploy }: { place: Place; workspace: string; mayDeploy: boolean }): JSX.Element {
  const owner = place.parts[1] ?? workspace;
  const after = place.query.get('after') ?? '';
  const path = `/${segment(owner)}/ogc-api/processes?limit=50${after === '' ? '' : `&after=${segment(after)}`}`;
  const { value, problem, again } = useLoaded<Page>((signal) => askJson(path, { signal }), [workspace, path]);
  const next = value?.links.find(({ rel }) => rel === 'next')?.href;
  return (
    <main>
      <div class="head">
        <h1>Processes</h1>
        <form
          class="filters"
          onSubmit={(event) => {
            event.preventDefault();
            const named = new FormData(event.currentTarget).get('owner');
            if (typeof named === 'string')
              go(to(['processes', ...(named.trim() === '' || named.trim() === workspace ? [] : [named.trim()])]));
          }}
        >
          <label>
            of the workspace <input name="owner" defaultValue={owner} key={owner} />
          </label>
          <button type="submit">Show</button>
        </form>
      </div>
      <Problem of={problem} />
      {value?.processes.length === 0 && <Empty>There is none yet. Deploy one below.</Empty>}
      <ul class="tiles">
        {value?.processes.map(({ id, title, version, description }) => (
          <li key={id}>
            <a class="card" href={to(['processes', owner, id])}>
              <h2>{title === undefined || title === '' ? id : title}</h2>
              <p class="facts">
                <code>{id}</code>
                <span class="dim">{version}</span>
              </p>
              {description !== title && <p class="clamp">{description}</p>}
            </a>
          </li>
        ))}
      </ul>
      <nav class="pages" aria-label="Pages">
        {after !== '' && <a href={to(['processes', owner])}>First</a>}
        {next !== undefined && (
          <a href={to(['processes', owner], { after: new URL(next, location.href).searchParams.get('after') ?? '' })}>More</a>
        )}
      </nav>
      {mayDeploy && owner === workspace && <Deploy workspace={workspace} onDone={again} />}
    </main>
  );
}

function Deploy({ workspace, onDone }: { workspace: string; onDone: () => void }): JSX.Element {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<ApiProblem>();
  const [done, setDone] = useState<string>();
  const [busy, setBusy] = useState(false);
  const deploy = async (): Promise<void> => {
    setProblem(undefined);
    setDone(undefined);
    const type = text.trimStart().startsWith('{') ? 'application/cwl+json' : 'application/cwl+yaml';
    const send = (path: string, method: string): Promise<Response> => ask(path, { method, body: text, headers: { 'content-type': type } });
    const base = `/${segment(workspace)}/ogc-api/processes`;
    let id: string;
    try {
      id = ((await (await send(base, 'POST')).json()) as { id: string }).id;
    } catch (error) {
      const known = problemOf(error);
      const there = known.status === 409 ? /"([A-Za-z0-9._-]+)"/.exec(known.message)?.[1] : undefined;
      if (there === undefined || !confirm(`There is a process ${there}. Replace it by this one, as a new version?`)) throw known;
      await send(`${base}/${segment(there)}`, 'PUT');
      id = there;
    }
    setDone(id);
    onDone();
  };
  return (
    <Card title="Deploy">
      <form
        class="deploy"
        onSubmit={(event) => {
          event.preventDefault();
          setBusy(true);
          void deploy()
            .catch((error: unknown) => setProblem(problemOf(error)))
            .finally(() => setBusy(false));
        }}
      >
        <label>
          A CWL document, as YAML or JSON
          <textarea
            class="mono"
            rows={12}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            required
          />
        </label>
        <FaultyLines text={text} problem={problem} />
        <Problem of={problem} />
        {done !== undefined && (
          <p class="done" role="status">
            Deployed. <a href={to(['processes', workspace, done])}>{`Run ${done}`}</a>
          </p>
        )}
        <div class="actions">
          <label class="button">
            From a file…
            <input
              type="file"
              accept=".cwl,.yaml,.yml,.json"
              onChange={(event) => void event.currentTarget.files?.[0]?.text().then(setText)}
            />
          </label>
          <button type="submit" class="primary" disabled={busy || text.trim() === ''}>
            Deploy
          </button>
        </div>
      </form>
    </Card>
  );
}

/** The lines that are wrong, where they stand. */
function FaultyLines({ text, problem }: { text: string; problem: ApiProblem | undefined }): JSX.Element | null {
  const faults = (problem?.faults ?? []).filter(({ line }) => line !== undefined).slice(0, 20);
  if (faults.length === 0) return null;
  const lines = text.split('\n');
  return (
    <div class="faults" aria-label="Where it is wrong">
      {faults.map(({ line = 1, column = 1, message }) => (
        <figure>
          <pre>
            {`${String(line).padStart(4)}  ${lines[line - 1] ?? ''}\n${' '.repeat(5 + column)}`}
            <b>^</b>
          </pre>
          <figcaption>{message}</figcaption>
        </figure>
      ))}
    </div>
  );
}
