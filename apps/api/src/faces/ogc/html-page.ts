/**
 * A JSON document as a page: maps as tables, addresses as links. Everything in it is escaped; it needs no script. `console`: where the same is in
 * the web console.
 */
export function htmlPage(title: string, document: unknown, console?: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1c2733; background: #fbfcfd }
  h1 { font-weight: 600; font-size: 1.5rem }
  table { border-collapse: collapse }
  th, td { border-top: 1px solid #dde4ea; padding: .25rem .8rem .25rem 0; vertical-align: top; text-align: left; overflow-wrap: anywhere }
  th { font-weight: 500; color: #52606d; white-space: nowrap }
  ol, ul { margin: 0; padding-left: 1.2rem }
  a { color: #0b5cad }
</style>
<h1>${escape(title)}</h1>
${render(document)}
${console === undefined ? '' : `<p><a href="${escape(console)}">Open in the console</a></p>\n`}</html>
`;
}

function render(value: unknown): string {
  if (Array.isArray(value)) {
    return value.every(isLink)
      ? `<ul>${value.map((link) => `<li>${renderLink(link)}</li>`).join('')}</ul>`
      : `<ol>${value.map((item) => `<li>${render(item)}</li>`).join('')}</ol>`;
  }
  if (isLink(value)) return renderLink(value);
  if (typeof value === 'object' && value !== null) {
    const rows = Object.entries(value).map(([name, item]) => `<tr><th>${escape(name)}</th><td>${render(item)}</td></tr>`);
    return `<table>${rows.join('')}</table>`;
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return isAddress(text) ? `<a href="${escape(text)}">${escape(text)}</a>` : escape(text);
}

interface PageLink {
  readonly href: string;
  readonly rel?: unknown;
  readonly title?: unknown;
  readonly type?: unknown;
}

const isLink = (value: unknown): value is PageLink =>
  typeof value === 'object' && value !== null && 'href' in value && typeof value.href === 'string' && isAddress(value.href);

function renderLink({ href, rel, title, type }: PageLink): string {
  const said = [title, rel, type].filter((one) => typeof one === 'string').map(escape);
  const [text = escape(href), ...rest] = said;
  const attribute = typeof rel === 'string' ? ` rel="${escape(rel)}"` : '';
  return `<a href="${escape(href)}"${attribute}>${text}</a>${rest.length === 0 ? '' : ` (${rest.join(', ')})`}`;
}

/** Nothing but web addresses becomes a link: a document may hold `javascript:`. */
const isAddress = (text: string): boolean => /^https?:\/\//i.test(text);

const characters: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => characters[char] ?? char);

/** Address of the console beside a page of this face, relative to it: a proxy may put a path before both. */
export function consoleBeside(url: string): string {
  const [path = ''] = url.split('?');
  const parts = path.split('/');
  const [, kind, id] = /\/(jobs|processes)\/([^/]+)/.exec(path) ?? [];
  const workspace = /([^/]+)\/ogc-api(?:\/|$)/.exec(path)?.[1];
  const place = kind === 'jobs' ? `runs/${id}` : kind === 'processes' && workspace !== undefined ? `processes/${workspace}/${id}` : '';
  return `${'../'.repeat(parts.length - 2)}console#/${place}`;
}
