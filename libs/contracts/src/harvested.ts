/** Who takes a harvested file: the api makes processes of CWL, the ingester takes JSON as STAC documents into the catalogue. */
export function takerOf(path: string): 'api' | 'ingester' | undefined {
  if (/\.cwl$/i.test(path)) return 'api';
  return /\.(geo)?json$/i.test(path) ? 'ingester' : undefined;
}
