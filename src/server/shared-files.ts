/**
 * The files that a page may read, by number: `/files/0/run.h5`, in ranges of bytes. The page decodes them itself; the
 * server reads no pixels.
 *
 * A file may refer to others next to it, as an Eiger master does to its data. These are available under the same number
 * if they are in the same folder and have the same extension, the same name without the extension, or an extension to which
 * files of this kind refer by other names. The metadata of a Zarr array stand for its folder.
 */
import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname, extname, join, sep } from 'node:path';
import { isZarrMetadata } from '../frames/formats/zarr.js';
import { isGone, sendPieces } from './send.js';

/** A file, as the page requests it. */
interface SharedFile {
  readonly name: string;
  /** Path relative to the page. */
  readonly path: string;
  /** The name by which a stream refers to it. */
  readonly as?: string;
}

/** How a file is shared. */
interface SharingOptions {
  /** Whether it may grow while pages read it. */
  readonly growing?: boolean;
  /** The name by which a stream refers to it. */
  readonly as?: string;
  /** Whether the page opens it at its start. */
  readonly listed?: boolean;
}

/** Extensions of the files to which files refer by names of their own: the numbers of acquisitions. */
const referredTo: Readonly<Record<string, readonly string[]>> = {
  '.emi': ['.ser'],
  '.xml': ['.raw'],
  '.hdr': ['.frms6', '.mib'],
  '.bin': ['.gtg'],
  '.toml': ['.raw', '.bin'],
};

export class SharedFiles {
  readonly #paths: string[] = [];
  readonly #names = new Map<string, string>();
  readonly #numbers = new Map<string, number>();
  /** Numbers of files that the page opens. */
  readonly #listed = new Set<number>();
  /** Numbers of files that may grow while a page reads them. */
  readonly #growing = new Set<number>();

  /** Shares a file, and returns its number. A file that may grow keeps its ETag, and is not stored by the browser. */
  share(path: string, { growing = false, as, listed = false }: SharingOptions = {}): number {
    const known = this.#numbers.get(path);
    const number = known ?? this.#paths.push(path) - 1;
    if (known === undefined) this.#numbers.set(path, number);
    if (growing) this.#growing.add(number);
    if (as !== undefined) this.#names.set(path, as);
    if (listed) this.#listed.add(number);
    return number;
  }

  /** The files that the page opens, as it requests them. */
  get list(): SharedFile[] {
    return [...this.#listed].map((number) => this.at(number) as SharedFile);
  }

  /** A file by its number. */
  at(number: number): SharedFile | undefined {
    const path = this.#paths[number];
    if (path === undefined) return undefined;
    const as = this.#names.get(path);
    const name = basename(path);
    return { name, path: `files/${number}/${encodeURIComponent(name)}`, ...(as === undefined ? {} : { as }) };
  }

  /** The path for an address; undefined if it is not that of a shared file. */
  async #find(path: string): Promise<string | undefined> {
    const [, number = '', encoded = ''] = addressOf(path);
    const shared = this.#paths[Number(number)];
    if (number === '' || shared === undefined) return undefined;
    let name: string;
    try {
      name = decodeURIComponent(encoded);
    } catch {
      return undefined;
    }
    if (name === basename(shared)) return shared;
    if (isZarrMetadata(shared)) return within(dirname(shared), name);
    const stem = (file: string): string => basename(file, extname(file));
    const plain = name === basename(name) && !name.startsWith('.') && !/[\\\0]/.test(name);
    const referred = referredTo[extname(shared).toLowerCase()]?.includes(extname(name).toLowerCase());
    const kin = extname(name) === extname(shared) || stem(name) === stem(shared) || referred;
    if (!plain || !kin) return undefined;
    const beside = join(dirname(shared), name);
    // A link that leads out of the folder does not count as a neighbouring file.
    const [folder, target] = await Promise.all([realpath(dirname(shared)), realpath(beside).catch(() => '')]);
    return dirname(target) === folder ? beside : undefined;
  }

  /** Answers a request; returns false if the address is not that of a shared file. */
  async answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> {
    if (isGone(response, request.socket)) return true;
    const found = await this.#find(path);
    // A pipe is not opened: it would wait for its writer.
    const isFile = found !== undefined && (await stat(found).catch(() => undefined))?.isFile();
    const handle = isFile ? await open(found).catch(() => undefined) : undefined;
    if (!handle) return false;
    try {
      const there = await handle.stat();
      if (!there.isFile()) return false;
      const [, number = ''] = addressOf(path);
      await send(
        handle,
        { ...versionOf(there, this.#growing.has(Number(number))), size: there.size },
        request,
        response,
      );
    } finally {
      await handle.close();
    }
    return true;
  }
}

/** The number and the name of a shared file in an address; that of a chunk of Zarr may be in folders. */
const addressOf = (path: string): readonly string[] => /^\/files\/(0|[1-9]\d{0,8})\/(.+)$/.exec(path) ?? [];

/** A file anywhere in the folder of a Zarr array, whose chunks are files; undefined for one outside of it. */
async function within(folder: string, name: string): Promise<string | undefined> {
  const parts = name.split('/');
  if (/[\\\0]/.test(name) || parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  const path = join(folder, ...parts);
  const [root, target] = await Promise.all([realpath(folder), realpath(path).catch(() => '')]);
  return target.startsWith(root + sep) ? path : undefined;
}

/** How a response identifies the contents of a file. */
interface FileVersion {
  readonly etag: string;
  readonly cache: 'no-cache' | 'no-store';
}

/**
 * A file that grows stays the same for its readers, who have read its beginning; browsers must not store ranges of it,
 * since those that describe the end are written again.
 */
const versionOf = ({ size, mtimeMs, ino, birthtimeMs }: Stats, growing: boolean): FileVersion =>
  growing
    ? { etag: `"${ino.toString(36)}-${Math.round(birthtimeMs * 1000).toString(36)}"`, cache: 'no-store' }
    : { etag: `"${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`, cache: 'no-cache' };

async function send(
  handle: FileHandle,
  { size, etag, cache }: FileVersion & { readonly size: number },
  { headers: { range, 'if-range': ifRange }, method, socket }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const common = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': cache,
    'Content-Type': 'application/octet-stream',
    ETag: etag,
  };
  const part = range === undefined || (ifRange !== undefined && ifRange !== etag) ? undefined : byteRange(range, size);
  if (part === 'unsatisfiable') {
    response.writeHead(416, { ...common, 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  const [first, last] = part ?? [0, size - 1];
  const head = { ...common, 'Content-Length': last + 1 - first };
  if (part) response.writeHead(206, { ...head, 'Content-Range': `bytes ${first}-${last}/${size}` });
  else response.writeHead(200, head);
  await sendPieces(handle, [first, method === 'HEAD' ? first : last + 1], response, socket);
}

/** First and last byte of a range; undefined for an unsupported header, for which the whole file is sent. */
function byteRange(header: string, size: number): readonly [number, number] | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const length = Number(to);
    return length === 0 || size === 0 ? 'unsatisfiable' : [Math.max(0, size - length), size - 1];
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(size - 1, Number(to));
  if (first >= size) return 'unsatisfiable';
  return last < first ? undefined : [first, last];
}
