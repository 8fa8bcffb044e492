/** One line of a result: a file or folder, or a value. Pure. */
export interface ResultFile {
  readonly href: string;
  readonly title: string;
  readonly type: string;
  readonly size?: number;
  readonly listing?: readonly ResultFile[];
}

/** The files of a value as OGC link objects, also in lists; undefined where it is a value. */
export function filesOf(value: unknown): ResultFile[] | undefined {
  if (Array.isArray(value)) {
    const found = value.map(filesOf);
    return found.length > 0 && found.every((one) => one !== undefined) ? found.flat() : undefined;
  }
  if (typeof value !== 'object' || value === null || !('href' in value) || typeof value.href !== 'string') return undefined;
  const { href, title, type, size, listing } = value as Record<string, unknown>;
  return [
    {
      href: String(href),
      title: typeof title === 'string' ? title : (String(href).split('/').filter(Boolean).at(-1) ?? String(href)),
      type: typeof type === 'string' ? type : '',
      ...(typeof size === 'number' ? { size } : {}),
      ...(Array.isArray(listing) ? { listing: listing.flatMap((one) => filesOf(one) ?? []) } : {}),
    },
  ];
}

/** Pictures that browsers show, and texts; other types are only offered. SVG is not shown: it is a document. */
export const isPicture = ({ type, size = 0 }: ResultFile): boolean => /^image\/(png|jpeg|webp|gif)\b/.test(type) && size <= 25_000_000;
export const isText = ({ type, size = Infinity }: ResultFile): boolean =>
  /^(text\/|application\/(geo\+)?json\b)/.test(type) && size <= 200_000;

/** All files, also those within folders. */
export const flat = (files: readonly ResultFile[]): ResultFile[] => files.flatMap((file) => (file.listing ? flat(file.listing) : [file]));

export interface Footprint {
  readonly id: string;
  /** West, south, east, north, in degrees. */
  readonly bbox: readonly [number, number, number, number];
  readonly rings: readonly (readonly (readonly [number, number])[])[];
  readonly datetime?: string;
}

/** Where the item of a STAC catalogue lies; undefined for what is none. */
export function footprintOf(document: unknown): Footprint | undefined {
  const { type, id, bbox, geometry, properties, stac_version: stac } = (document ?? {}) as Record<string, unknown>;
  if (type !== 'Feature' || typeof stac !== 'string' || !Array.isArray(bbox)) return undefined;
  const numbers = bbox.length === 6 ? [bbox[0], bbox[1], bbox[3], bbox[4]] : bbox;
  if (numbers.length !== 4 || !numbers.every((one): one is number => typeof one === 'number' && Number.isFinite(one))) return undefined;
  const { coordinates, type: shape } = (geometry ?? {}) as { coordinates?: unknown; type?: unknown };
  const polygons: unknown[] =
    shape === 'Polygon' ? [coordinates] : shape === 'MultiPolygon' && Array.isArray(coordinates) ? coordinates : [];
  const { datetime } = (properties ?? {}) as { datetime?: unknown };
  return {
    id: typeof id === 'string' ? id : '',
    bbox: numbers as unknown as Footprint['bbox'],
    rings: polygons.flatMap((polygon) => (Array.isArray(polygon) ? polygon.flatMap((ring: unknown) => ringOf(ring) ?? []) : [])),
    ...(typeof datetime === 'string' ? { datetime } : {}),
  };
}

function ringOf(ring: unknown): [[number, number][]] | undefined {
  if (!Array.isArray(ring)) return undefined;
  const points = ring.filter(
    (one): one is [number, number] => Array.isArray(one) && typeof one[0] === 'number' && typeof one[1] === 'number',
  );
  return points.length > 2 ? [points] : undefined;
}
