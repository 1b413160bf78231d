/**
 * Checks whether the file behind an address is still the one that was opened, by the server's ETag, Last-Modified and
 * the size. If a server sends neither of the first two, replacing a file by another one of the same size goes
 * unnoticed.
 */
import { EwaldError } from '../../util/errors.js';

/** The information about the file in a response. */
export interface Version {
  readonly address: string;
  readonly size: number;
  readonly etag: string | null;
  readonly modified: string | null;
}

/** The version to which a response to a range request belongs; undefined if it states no size. */
export function versionOf(address: string, { headers, status }: Response): Version | undefined {
  const total = status === 206 ? /\/(\d+)\s*$/.exec(headers.get('content-range') ?? '')?.[1] : undefined;
  if (total === undefined) return undefined;
  return { address, size: Number(total), etag: headers.get('etag'), modified: headers.get('last-modified') };
}

/** Another origin than the page's, where further headers would trigger a preflight request. */
function isElsewhere(address: string): boolean {
  const { location } = globalThis as { location?: { readonly origin?: string } };
  return location?.origin !== undefined && new URL(address).origin !== location.origin;
}

/** Headers that request bytes of this version only. */
export function conditionsOf({ address, etag, modified }: Version): Readonly<Record<string, string>> {
  // If-Range accepts only strong validators; a date with a resolution of seconds is weak.
  if (etag && !etag.startsWith('W/')) return { 'If-Range': etag };
  return modified && !isElsewhere(address) ? { 'If-Unmodified-Since': modified } : {};
}

/** The error for a file that has changed. */
export const changed = (address: string, what: string): EwaldError =>
  new EwaldError('File', `${address} changed while it was being read (${what}); open it again`, {
    detail: { path: address, changed: true },
  });

/** Rejects a response from another version than the one that was opened. */
export function checkVersion({ address, size, etag, modified }: Version, { status, headers }: Response): void {
  if (status === 200) throw changed(address, 'the server answered with a new file');
  const now = { etag: headers.get('etag'), modified: headers.get('last-modified') };
  if (etag !== null && now.etag !== null && now.etag !== etag)
    throw changed(address, `ETag was ${etag} and is ${now.etag}`);
  if (modified !== null && now.modified !== null && now.modified !== modified)
    throw changed(address, `Last-Modified was ${modified} and is ${now.modified}`);
  const total = /\/(\d+)\s*$/.exec(headers.get('content-range') ?? '')?.[1];
  // A server that keeps its ETag for a file that has grown states that the bytes read so far are still valid.
  const mayGrow = etag !== null && now.etag === etag;
  if (total !== undefined && (mayGrow ? Number(total) < size : Number(total) !== size))
    throw changed(address, `${size} bytes and now ${total}`);
}
