/** Where the web console of an API is; `place`: within it, `/runs/…`. */
export function consoleAddress(api: string, place = '', token?: string): string {
  const page = `${api.replace(/\/+$/, '')}/console`;
  // In the fragment, which no browser sends and no server logs; the console takes it out of the address at once.
  if (token !== undefined) return `${page}#${new URLSearchParams({ token, ...(place === '' ? {} : { to: place }) }).toString()}`;
  return place === '' ? page : `${page}#${place}`;
}
