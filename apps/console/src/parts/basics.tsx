import type { ComponentChildren, JSX } from 'preact';
import type { ApiProblem } from '../api.ts';

/** State as a word with a mark: colour alone says nothing to who does not see it. */
export function State({ of: state }: { of: string }): JSX.Element {
  return (
    <span class={`state ${state}`}>
      <i aria-hidden="true" />
      {state}
    </span>
  );
}

export function Problem({ of: problem }: { of: ApiProblem | undefined }): JSX.Element | null {
  if (!problem) return null;
  return (
    <div class="problem" role="alert">
      <strong>{problem.message}</strong>
      {problem.faults.length > 0 && (
        <ul>
          {problem.faults.slice(0, 50).map((fault) => (
            <li>
              {fault.line !== undefined && <span class="mono">{`${fault.line}:${fault.column ?? 1} `}</span>}
              {fault.path !== undefined && <code>{fault.path}</code>} {fault.message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Progress({ value, state, label }: { value: number; state: string; label: string }): JSX.Element {
  return (
    <span class={`progress ${state}`} role="progressbar" aria-valuenow={value} aria-valuemin={0} aria-valuemax={100} aria-label={label}>
      <span style={{ width: `${Math.min(100, Math.max(0, value))}%` }} />
    </span>
  );
}

export function Labels({ of: labels }: { of: Readonly<Record<string, string>> }): JSX.Element {
  return (
    <>
      {Object.entries(labels).map(([name, value]) => (
        <span class="label" title={`${name}=${value}`}>
          {name}=<b>{value}</b>
        </span>
      ))}
    </>
  );
}

export function Card({ title, children, more }: { title: string; children: ComponentChildren; more?: ComponentChildren }): JSX.Element {
  return (
    <section class="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {more}
      </header>
      {children}
    </section>
  );
}

export const Empty = ({ children }: { children: ComponentChildren }): JSX.Element => <p class="empty">{children}</p>;

/** A moment, in full where one points at it. */
export const When = ({ at, children }: { at: string; children: ComponentChildren }): JSX.Element => (
  <time dateTime={at} title={new Date(at).toLocaleString()}>
    {children}
  </time>
);
