import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, ownPath } from '../api.ts';
import type { ApiProblem } from '../api.ts';
import { bytes } from '../format.ts';
import { filesOf, flat, footprintOf, isPicture, isText } from '../results.ts';
import type { Footprint, ResultFile } from '../results.ts';
import { problemOf, useLoaded } from '../use.ts';
import { Problem } from './basics.tsx';

/** Values of inputs or outputs: files as links, pictures as such, the rest as text. */
export function Values({ values, pictures = false }: { values: Readonly<Record<string, unknown>>; pictures?: boolean }): JSX.Element {
  const all = flat(Object.values(values).flatMap((value) => filesOf(value) ?? []));
  const seen = new Set<string>();
  const shown = all.filter(
    (file) =>
      isPicture(file) && ![file.title, `${file.size}`].every((one) => seen.has(one)) && seen.add(file.title) && seen.add(`${file.size}`),
  );
  return (
    <>
      {pictures && shown.length > 0 && (
        <div class="pictures">
          {shown.slice(0, 12).map((file) => (
            <Picture key={file.href} file={file} />
          ))}
        </div>
      )}
      {pictures && <Footprints files={all} />}
      <dl class="values">
        {Object.entries(values).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Value value={value} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Value({ value }: { value: unknown }): JSX.Element {
  const files = filesOf(value);
  if (files) return <Files files={files} />;
  const line = JSON.stringify(value);
  const text = typeof value === 'string' ? value : line.length <= 80 ? line : JSON.stringify(value, undefined, 2);
  return text.length > 80 || text.includes('\n') ? <pre class="value">{text.slice(0, 20_000)}</pre> : <code>{text}</code>;
}

/** Lines shown of a list of files at first. */
const few = 12;

function Files({ files }: { files: readonly ResultFile[] }): JSX.Element {
  const [all, setAll] = useState(false);
  return (
    <ul class="files">
      {(all ? files : files.slice(0, few)).map((file) => (
        <li key={file.href}>{file.listing ? <Folder file={file} /> : <FileLine file={file} />}</li>
      ))}
      {!all && files.length > few && (
        <li>
          <button type="button" class="link" onClick={() => setAll(true)}>{`${files.length - few} more…`}</button>
        </li>
      )}
    </ul>
  );
}

const Folder = ({ file }: { file: ResultFile }): JSX.Element => (
  <details>
    <summary>
      {file.title}/ <small>{`${flat([file]).length} files`}</small>
    </summary>
    <Files files={file.listing ?? []} />
  </details>
);

/** Larger files do not go through the page: there is a command for them. */
const largest = 500_000_000;

function FileLine({ file }: { file: ResultFile }): JSX.Element {
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem>();
  const path = ownPath(file.href);
  const about = [file.type.split(';')[0], file.size === undefined ? '' : bytes(file.size)].filter(Boolean).join(', ');
  const attempt = (what: Promise<void>): void => void what.catch((error: unknown) => setProblem(problemOf(error)));
  return (
    <>
      {path === undefined ? (
        <span class="mono">{file.href}</span>
      ) : (file.size ?? 0) > largest ? (
        <span>
          {file.title} <small>(large: runnel results RUN --download DIR)</small>
        </span>
      ) : (
        <button type="button" class="link" title={`Download ${file.title}`} onClick={() => attempt(download(path, file.title))}>
          {file.title}
        </button>
      )}{' '}
      <small>{about}</small>
      {path !== undefined && isText(file) && (
        <button
          type="button"
          class="small"
          aria-expanded={text !== undefined}
          onClick={() =>
            text === undefined
              ? attempt(
                  ask(path)
                    .then((answer) => answer.text())
                    .then(setText),
                )
              : setText(undefined)
          }
        >
          {text === undefined ? 'show' : 'hide'}
        </button>
      )}
      <Problem of={problem} />
      {text !== undefined && <pre class="value">{text}</pre>}
    </>
  );
}

/** Bytes with the token in a header, then from memory: a link would need the token in its address. */
async function download(path: string, name: string): Promise<void> {
  const blob = await (await ask(path)).blob();
  // As bytes: whatever the file says it is, the browser does not open it here.
  const address = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function Picture({ file }: { file: ResultFile }): JSX.Element | null {
  const path = ownPath(file.href);
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (path === undefined) return;
    const gone = new AbortController();
    let made: string | undefined;
    ask(path, { signal: gone.signal })
      .then((answer) => answer.blob())
      .then(
        (blob) => setAddress((made = URL.createObjectURL(new Blob([blob], { type: file.type.split(';')[0] ?? '' })))),
        () => undefined,
      );
    return () => {
      gone.abort();
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [path, file.type]);
  if (path === undefined) return null;
  return (
    <figure>
      {address === undefined ? <span class="loading" /> : <img src={address} alt={file.title} />}
      <figcaption>
        <FileLine file={file} />
      </figcaption>
    </figure>
  );
}

/** Documents that are looked at for where an item lies. */
const mostItems = 6;

function Footprints({ files }: { files: readonly ResultFile[] }): JSX.Element | null {
  const documents = files
    .filter((file) => /json/.test(file.type) && (file.size ?? 0) < 64_000 && ownPath(file.href) !== undefined)
    .slice(0, mostItems);
  const { value } = useLoaded(
    async (signal) => {
      const found = await Promise.all(
        documents.map((file) =>
          ask(ownPath(file.href) ?? '', { signal })
            .then((answer) => answer.json())
            .then(footprintOf)
            .catch(() => undefined),
        ),
      );
      return found.filter((one) => one !== undefined);
    },
    [documents.map(({ href }) => href)],
  );
  if (!value || value.length === 0) return null;
  return (
    <div class="footprints">
      {value.map((footprint) => (
        <Place key={footprint.id} of={footprint} />
      ))}
    </div>
  );
}

function Place({ of: { id, bbox, rings, datetime } }: { of: Footprint }): JSX.Element {
  const [west, south, east, north] = bbox;
  const span = Math.max(0.01, east - west, north - south) * 1.5;
  const [x, y] = [(west + east) / 2, (south + north) / 2];
  const line = (ring: Footprint['rings'][number]): string =>
    `${ring.map(([lon, lat], index) => `${index === 0 ? 'M' : 'L'}${lon} ${-lat}`).join('')}Z`;
  const degrees = (value: number, plus: string, minus: string): string => `${Math.abs(value).toFixed(3)}° ${value < 0 ? minus : plus}`;
  return (
    <figure class="footprint">
      <svg viewBox={`${x - span / 2} ${-y - span / 2} ${span} ${span}`} role="img" aria-label={`Outline of ${id}`}>
        {rings.length > 0 ? (
          rings.map((ring) => <path d={line(ring)} />)
        ) : (
          <rect x={west} y={-north} width={east - west} height={north - south} />
        )}
      </svg>
      <svg class="world" viewBox="-180 -90 360 180" role="img" aria-label="Where on the globe">
        {[-120, -60, 0, 60, 120].map((lon) => (
          <path d={`M${lon} -90V90`} />
        ))}
        {[-60, -30, 0, 30, 60].map((lat) => (
          <path d={`M-180 ${lat}H180`} />
        ))}
        <circle cx={x} cy={-y} r={6} />
      </svg>
      <figcaption>
        <strong>{id}</strong>
        <br />
        {`${degrees(y, 'N', 'S')}, ${degrees(x, 'E', 'W')}`}
        {datetime !== undefined && (
          <>
            <br />
            {datetime}
          </>
        )}
      </figcaption>
    </figure>
  );
}
