/** Record types of github.com/eoap/schemas, which stand for a text or an object in a format that OGC API - Processes or JSON Schema names. */
const TEXT_FORMATS: { [name: string]: string } = {
  Date: 'date',
  DateTime: 'date-time',
  Duration: 'duration',
  Email: 'email',
  Hostname: 'hostname',
  IDNEmail: 'idn-email',
  IDNHostname: 'idn-hostname',
  IPv4: 'ipv4',
  IPv6: 'ipv6',
  IRI: 'iri',
  IRIReference: 'iri-reference',
  JsonPointer: 'json-pointer',
  Password: 'password',
  RelativeJsonPointer: 'relative-json-pointer',
  Time: 'time',
  URI: 'uri',
  URIReference: 'uri-reference',
  URITemplate: 'uri-template',
  UUID: 'uuid',
};

const OBJECT_FORMATS: { [file: string]: { [name: string]: string } } = {
  'ogc.yaml': { BBox: 'ogc-bbox' },
  'geojson.yaml': {
    Feature: 'geojson-feature',
    FeatureCollection: 'geojson-feature-collection',
    Point: 'geojson-geometry',
    MultiPoint: 'geojson-geometry',
    LineString: 'geojson-geometry',
    MultiLineString: 'geojson-geometry',
    Polygon: 'geojson-geometry',
    MultiPolygon: 'geojson-geometry',
    GeometryCollection: 'geojson-geometry',
  },
  'stac.yaml': { Item: 'stac-item', ItemCollection: 'stac-item-collection', Collection: 'stac-collection', Catalog: 'stac-catalog' },
};

/** The format that a named record (`stac.yaml#Item`) stands for. */
export function knownFormat(name: string): { kind: 'text' | 'object'; format: string } | undefined {
  const [file = '', type = ''] = name.split('#');
  const home = file.replace(/\.yml$/, '.yaml');
  const text = home === 'string_format.yaml' && Object.hasOwn(TEXT_FORMATS, type) ? TEXT_FORMATS[type] : undefined;
  if (text !== undefined) return { kind: 'text', format: text };
  const formats = Object.hasOwn(OBJECT_FORMATS, home) ? OBJECT_FORMATS[home] : undefined;
  const object = formats && Object.hasOwn(formats, type) ? formats[type] : undefined;
  return object === undefined ? undefined : { kind: 'object', format: object };
}
