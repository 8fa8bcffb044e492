import { render } from 'preact';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { askJson, whenUnauthorized } from './api.ts';
import type { ApiProblem } from './api.ts';
import { OperatorPage } from './pages/operator.tsx';
import { ProcessPage } from './pages/process.tsx';
import { ProcessesPage } from './pages/processes.tsx';
import { RunPage } from './pages/run.tsx';
import { RunsPage } from './pages/runs.tsx';
import { SignIn, signInWith } from './pages/sign-in.tsx';
import { go, to, usePlace } from './route.ts';
import { chooseWorkspace, currentUser, signOut, takeTokenFromAddress, workspacesOfUser } from './session.ts';
import { problemOf, useLoaded } from './use.ts';

/** Shown as a workspace to who is nobody: the built-in public processes are the same in each. */
const anybodys = 'public';

function Console({ refusal }: { refusal: ApiProblem | undefined }): JSX.Element {
  const place = usePlace();
  // Sessions are no state of this tree: it is drawn again where one changes.
  const [, redraw] = useState(0);
  const [reason, setReason] = useState(refusal);
  const [signingIn, setSigningIn] = useState(refusal !== undefined);
  const [anonymous, setAnonymous] = useState(false);
  const { value: nobody } = useLoaded<{ publicEcho: boolean }>((signal) => askJson('/api/v1/me', { signal }), [currentUser()?.workspace]);
  useEffect(
    () =>
      whenUnauthorized((problem) => {
        signOut();
        setReason(problem);
        setSigningIn(true);
      }),
    [],
  );
  const user = currentUser();
  const done = (): void => {
    setReason(undefined);
    setSigningIn(false);
    setAnonymous(false);
    redraw((count) => count + 1);
  };
  if (signingIn || (!user && !anonymous))
    return (
      <SignIn
        reason={reason}
        onDone={done}
        {...(nobody?.publicEcho === true ? { onAnonymous: () => (done(), setAnonymous(true), go(to(['processes']))) } : {})}
      />
    );
  const may = (scope: string): boolean => user?.scopes.includes(scope) === true;
  const changeWorkspace = (workspace: string): void => {
    if (workspace === '') return setSigningIn(true);
    chooseWorkspace(workspace);
    go(to(['runs']));
    redraw((count) => count + 1);
  };
  const [page = user ? 'runs' : 'processes', first, second] = place.parts;
  const workspace = user?.workspace;
  return (
    <>
      <header class="top">
        <a class="brand" href={to([])}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M3 7c4-4 6 4 9 0s5 4 9 0M3 13c4-4 6 4 9 0s5 4 9 0M3 19c4-4 6 4 9 0s5 4 9 0" />
          </svg>
          Runnel
        </a>
        <nav aria-label="Main">
          {workspace !== undefined && (
            <a href={to(['runs'])} aria-current={page === 'runs' ? 'page' : undefined}>
              Runs
            </a>
          )}
          <a href={to(['processes'])} aria-current={page === 'processes' ? 'page' : undefined}>
            Processes
          </a>
          {may('operator') && (
            <a href={to(['operator'])} aria-current={page === 'operator' ? 'page' : undefined}>
              Operation
            </a>
          )}
        </nav>
        <div class="who">
          {workspace === undefined ? (
            <button type="button" onClick={() => setSigningIn(true)}>
              Sign in
            </button>
          ) : (
            <>
              <label>
                <span class="visually-hidden">Workspace</span>
                <select value={workspace} onChange={(event) => changeWorkspace(event.currentTarget.value)}>
                  {workspacesOfUser().map((one) => (
                    <option key={one} value={one}>
                      {one}
                    </option>
                  ))}
                  <option value="">another…</option>
                </select>
              </label>
              <button type="button" class="link" onClick={() => (signOut(), done())}>
                Sign out
              </button>
            </>
          )}
        </div>
      </header>
      {page === 'operator' && may('operator') ? (
        <OperatorPage />
      ) : page === 'processes' && first !== undefined && second !== undefined ? (
        <ProcessPage owner={first} id={second} workspace={workspace} mayExecute={!user || may('execute')} mayWrite={may('write')} />
      ) : page === 'processes' || workspace === undefined ? (
        <ProcessesPage place={place} workspace={workspace ?? anybodys} mayDeploy={may('deploy')} />
      ) : first !== undefined ? (
        <RunPage key={`${workspace} ${first}`} id={first} workspace={workspace} mayExecute={may('execute')} />
      ) : (
        <RunsPage key={workspace} place={place} workspace={workspace} mayExecute={may('execute')} />
      )}
    </>
  );
}

/** A token in the address goes before anything is drawn or asked for. */
async function start(): Promise<void> {
  const token = takeTokenFromAddress();
  const refusal = token === undefined ? undefined : await signInWith(token).then(() => undefined, problemOf);
  const place = document.getElementById('app');
  if (place) render(<Console refusal={refusal} />, place);
}

void start();
