/**
 * The files that a page may read, by number: `/files/0/run.h5`, in ranges of bytes. The page decodes them itself; the
 * server reads no pixels.
 *
 * A file may refer to others next to it, as an Eiger master does to its data. These are available under the same number
 * if they are in the same folder and have the same extension, or the same name without the extension.
 */
import type { FileHandle } from 'node:fs/promises';
import { open, realpath } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname, extname, join } from 'node:path';
import { isGone, sendPieces } from './send.js';

/** A file, as the page requests it. */
export interface SharedFile {
  readonly name: string;
  /** Path relative to the page. */
  readonly path: string;
  /** The name by which a stream refers to it. */
  readonly as?: string;
}

export class SharedFiles {
  readonly #paths: string[] = [];
  readonly #names: ReadonlyMap<string, string>;
  readonly #numbers = new Map<string, number>();

  /** Paths of files that exist. */
  constructor(paths: readonly string[], names: ReadonlyMap<string, string> = new Map()) {
    this.#names = names;
    for (const path of paths) this.share(path);
  }

  /** Shares a file, and returns its number. */
  share(path: string): number {
    const known = this.#numbers.get(path);
    if (known !== undefined) return known;
    this.#numbers.set(path, this.#paths.length);
    return this.#paths.push(path) - 1;
  }

  /** The files, as the page requests them. */
  get list(): SharedFile[] {
    return this.#paths.map((_, i) => this.at(i) as SharedFile);
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
    const [, number = '', encoded = ''] = /^\/files\/(\d{1,6})\/([^/]+)$/.exec(path) ?? [];
    const shared = this.#paths[Number(number)];
    if (number === '' || shared === undefined) return undefined;
    let name: string;
    try {
      name = decodeURIComponent(encoded);
    } catch {
      return undefined;
    }
    if (name === basename(shared)) return shared;
    const stem = (file: string): string => basename(file, extname(file));
    const plain = name === basename(name) && !name.startsWith('.') && !/[\\\0]/.test(name);
    const kin = extname(name) === extname(shared) || stem(name) === stem(shared);
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
    const handle = found === undefined ? undefined : await open(found).catch(() => undefined);
    if (!handle) return false;
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return false;
      await send(handle, stat, request, response);
    } finally {
      await handle.close();
    }
    return true;
  }
}

async function send(
  handle: FileHandle,
  { size, mtimeMs }: { readonly size: number; readonly mtimeMs: number },
  { headers: { range, 'if-range': ifRange }, method, socket }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const etag = `"${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`;
  const common = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'no-cache',
    'Content-Type': 'application/octet-stream',
    ETag: etag,
  };
  const part = range === undefined || (ifRange !== undefined && ifRange !== etag) ? undefined : rangeOf(range, size);
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
function rangeOf(header: string, size: number): readonly [number, number] | 'unsatisfiable' | undefined {
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
