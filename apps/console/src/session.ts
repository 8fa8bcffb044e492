/** Tokens of who looks, for as long as the tab is open: in `sessionStorage`, nowhere else, and never in an address that leaves the browser. */
export interface SignedIn {
  readonly token: string;
  readonly workspace: string;
  readonly scopes: readonly string[];
}

const storedAs = 'runnel.console.session';

interface Stored {
  readonly all: readonly SignedIn[];
  readonly current: string | undefined;
}

function read(): Stored {
  try {
    const found = JSON.parse(sessionStorage.getItem(storedAs) ?? '') as Stored;
    return Array.isArray(found.all) ? found : nobody;
  } catch {
    return nobody;
  }
}

const nobody: Stored = { all: [], current: undefined };
let stored = read();

function write(next: Stored): void {
  stored = next;
  sessionStorage.setItem(storedAs, JSON.stringify(next));
}

/** As whom requests are made; undefined: nobody. */
export const currentUser = (): SignedIn | undefined => stored.all.find(({ workspace }) => workspace === stored.current);
export const workspacesOfUser = (): readonly string[] => stored.all.map(({ workspace }) => workspace);

/** One token per workspace: a newer one takes the place of the older. */
export function signIn(who: SignedIn): void {
  write({ all: [...stored.all.filter(({ workspace }) => workspace !== who.workspace), who], current: who.workspace });
}

export function chooseWorkspace(workspace: string): void {
  write({ ...stored, current: workspace });
}

export function signOut(): void {
  const all = stored.all.filter(({ workspace }) => workspace !== stored.current);
  write({ all, current: all[0]?.workspace });
}

/**
 * A token in the fragment (`#token=rnl_…&to=/runs/…`), which browsers send to nobody. It leaves the address and the history before anything else
 * happens.
 */
export function takeTokenFromAddress(): string | undefined {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const token = parameters.get('token');
  if (token === null) return undefined;
  const to = parameters.get('to') ?? '/';
  history.replaceState(null, '', `#${to.startsWith('/') ? to : '/'}`);
  return token.trim() === '' ? undefined : token.trim();
}
