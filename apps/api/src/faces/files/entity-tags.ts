/** Whether an If-None-Match or If-Match header holds this tag or `*` (RFC 9110, 13.1; weak and strong compare alike for reading). */
export function holdsTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
