import type { Json, JsonObject } from '@runnel/cwl';

/** What is wrong with a STAC document by the core specification (1.0, 1.1), or undefined. */
export function faultOfCatalog(document: JsonObject): string | undefined {
  if (document['type'] !== 'Catalog') return `its type is ${shown(document['type'])}, not "Catalog"`;
  return faultOfCommon(document) ?? faultOfText(document, 'description');
}

export function faultOfCollection(document: JsonObject): string | undefined {
  if (document['type'] !== 'Collection') return `its type is ${shown(document['type'])}, not "Collection"`;
  return (
    faultOfCommon(document) ?? faultOfText(document, 'description') ?? faultOfText(document, 'license') ?? faultOfExtent(document['extent'])
  );
}

export function faultOfItem(document: JsonObject): string | undefined {
  if (document['type'] !== 'Feature') return `its type is ${shown(document['type'])}, not "Feature"`;
  if (document['id'] === '') return 'its id is empty';
  return (
    faultOfCommon(document) ?? faultOfGeometry(document) ?? faultOfProperties(document['properties']) ?? faultOfAssets(document['assets'])
  );
}

function faultOfCommon(document: JsonObject): string | undefined {
  const version = document['stac_version'];
  if (typeof version !== 'string' || !/^1\.\d+\.\d+/.test(version))
    return `its stac_version is ${shown(version)}; 1.0.0 and 1.1.0 are supported`;
  if (typeof document['id'] !== 'string') return `its id is ${shown(document['id'])}, not text`;
  if (!Array.isArray(document['links'])) return 'it has no list "links"';
  const wrong = document['links'].find((link) => !isObject(link) || typeof link['href'] !== 'string' || typeof link['rel'] !== 'string');
  return wrong === undefined ? undefined : `a link lacks "href" or "rel": ${shown(wrong)}`;
}

function faultOfText(document: JsonObject, field: string): string | undefined {
  const value = document[field];
  return typeof value === 'string' && value !== '' ? undefined : `its ${field} is ${shown(value)}, not text`;
}

function faultOfExtent(extent: Json | undefined): string | undefined {
  const spatial = isObject(extent) && isObject(extent['spatial']) ? extent['spatial']['bbox'] : undefined;
  if (!Array.isArray(spatial) || spatial.length === 0 || !spatial.every(isBox))
    return 'its extent has no spatial bbox: a list of lists of 4 or 6 numbers';
  const temporal = isObject(extent) && isObject(extent['temporal']) ? extent['temporal']['interval'] : undefined;
  if (!Array.isArray(temporal) || temporal.length === 0 || !temporal.every(isInterval))
    return 'its extent has no temporal interval: a list of pairs of times or null';
  return undefined;
}

/** A located item has a geometry and its box, an unlocated one neither (item specification, "bbox"). */
function faultOfGeometry(document: JsonObject): string | undefined {
  const { geometry, bbox } = document;
  if (geometry === undefined) return 'it has no geometry; an item without a place has null';
  if (geometry === null) return bbox === undefined || bbox === null ? undefined : 'it has a bbox, but its geometry is null';
  if (!isGeometry(geometry)) return `its geometry is not GeoJSON: ${shown(geometry)}`;
  return isBox(bbox) ? undefined : 'it has a geometry, so its bbox must be a list of 4 or 6 numbers';
}

const geometryTypes = ['Point', 'MultiPoint', 'LineString', 'MultiLineString', 'Polygon', 'MultiPolygon'];

function isGeometry(value: Json | undefined): boolean {
  if (!isObject(value)) return false;
  if (value['type'] === 'GeometryCollection') return Array.isArray(value['geometries']) && value['geometries'].every(isGeometry);
  return geometryTypes.some((type) => type === value['type']) && Array.isArray(value['coordinates']);
}

function faultOfProperties(properties: Json | undefined): string | undefined {
  if (!isObject(properties)) return 'it has no object "properties"';
  const { datetime, start_datetime: start, end_datetime: end } = properties;
  if (datetime === undefined) return 'its properties have no datetime';
  if (datetime === null)
    return isTime(start) && isTime(end) ? undefined : 'its datetime is null, so start_datetime and end_datetime must be given';
  return isTime(datetime) ? undefined : `its datetime is not a time by RFC 3339: ${shown(datetime)}`;
}

function faultOfAssets(assets: Json | undefined): string | undefined {
  if (!isObject(assets)) return 'it has no object "assets"';
  const wrong = Object.entries(assets).find(([, asset]) => !isObject(asset) || typeof asset['href'] !== 'string' || asset['href'] === '');
  return wrong ? `its asset ${wrong[0]} has no href` : undefined;
}

function isTime(value: Json | undefined): boolean {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}

function isInterval(value: Json): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((end) => end === null || isTime(end));
}

function isBox(value: Json | undefined): boolean {
  return Array.isArray(value) && (value.length === 4 || value.length === 6) && value.every((number) => typeof number === 'number');
}

/** Id of a document that was found to have one. */
export function idOf(document: JsonObject): string {
  return typeof document['id'] === 'string' ? document['id'] : '';
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: Json | undefined): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
