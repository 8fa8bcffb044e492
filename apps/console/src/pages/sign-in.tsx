import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { askJson } from '../api.ts';
import type { ApiProblem } from '../api.ts';
import { Problem } from '../parts/basics.tsx';
import { signIn } from '../session.ts';
import { problemOf } from '../use.ts';

interface Me {
  readonly workspace?: string;
  readonly scopes: readonly string[];
}

/** Takes the token of a workspace for the rest of the session, if the service takes it. Throws ApiProblem. */
export async function signInWith(token: string): Promise<void> {
  const { workspace, scopes } = await askJson<Me>('/api/v1/me', { token });
  if (workspace !== undefined) signIn({ token, workspace, scopes });
}

/** `reason`: why one is asked again. */
export function SignIn({
  reason,
  onDone,
  onAnonymous,
}: {
  reason: ApiProblem | undefined;
  onDone: () => void;
  onAnonymous?: () => void;
}): JSX.Element {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    signInWith(token.trim())
      .then(onDone, (error: unknown) => setProblem(problemOf(error)))
      .finally(() => setBusy(false));
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <h1>Sign in to Runnel</h1>
        <Problem of={problem ?? reason} />
        <label>
          Token of a workspace
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="rnl_…"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
            required
            autofocus
          />
        </label>
        <button type="submit" class="primary" disabled={busy || token.trim() === ''}>
          Sign in
        </button>
        <p class="note">
          It stays in this tab until you close it. Whoever runs this service makes one with{' '}
          <code>runnel token create --workspace NAME</code>; <code>runnel open</code> signs you in with the token of your command line.
        </p>
        {onAnonymous && (
          <button type="button" class="link" onClick={onAnonymous}>
            Look at what is public
          </button>
        )}
      </form>
    </main>
  );
}
