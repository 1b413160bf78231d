/**
 * Where bytes come from: positioned asynchronous reads over a file, a Blob, an HTTP address or memory. A format is
 * written once on top of this interface and works in Node, in a browser tab and in a worker.
 *
 * It is not a stream and has no position: any number of reads may be in flight, in any order.
 */

import { argumentError, setting } from '../options/parameters.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';

/** What every read takes. */
export interface ReadOptions {
  /** Aborts the read with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
}

/** Options of one read of bytes. */
export interface BytesOptions extends ReadOptions {
  /** Whether nothing near these bytes will be read: a source over a network requests no more than them. Default false. */
  readonly alone?: boolean | undefined;
}

/** Options of opening a file next to another one. */
export interface SiblingOptions extends ReadOptions {
  /** Allows the path to leave the folder of the file that names it. Default false. */
  readonly allowOutside?: boolean | undefined;
}

/** Layout of frames in a source. */
interface StoredFrames {
  readonly bytes: number;
  /** Bytes from one frame to the next. */
  readonly stride: number;
  /** Bytes per number to be reversed; 1 for none. */
  readonly turn: number;
}

/** Bytes that can be read at any position. */
export interface ByteSource {
  /** Name used in messages: a path, the name of a File, an address. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** Path, if it is a local file. */
  readonly path?: string | undefined;
  /**
   * Reads exactly `length` bytes from `offset`, or as many as `into` holds, into `into`. Several reads may be in
   * flight.
   *
   * Throws `Format` if the source ends first, `File` if it cannot be read or has changed since it was opened,
   * `Aborted`.
   */
  read(offset: number, into: number | Uint8Array, options?: BytesOptions): Promise<Uint8Array>;
  /**
   * Reads frames that are separated by gaps or have another byte order directly into their destination. Undefined if
   * the source cannot do this for less than the cost of a copy.
   */
  readonly readFrames?:
    | ((offset: number, frames: StoredFrames, into: Uint8Array, options?: ReadOptions) => Promise<void> | undefined)
    | undefined;
  /**
   * Copies numbers of `width` bytes (2, 4 or 8), the bytes of each in reverse, faster than JavaScript does; `from` and
   * `into` may be the same memory. Absent if nothing faster is available.
   */
  readonly swapBytes?: ((from: Uint8Array, into: Uint8Array, width: number) => void) | undefined;
  /**
   * Opens the file at `path`, relative to this one ('a_000001.h5', 'sub/b.raw').
   *
   * Throws `File` if there is none (the message says where it was looked for) or if the path leaves the folder without
   * `allowOutside`.
   */
  sibling(path: string, options?: SiblingOptions): Promise<ByteSource>;
  /** Names of the folders in a folder beside this file; absent if the source cannot list them. */
  readonly folders?: ((path: string) => Promise<readonly string[]>) | undefined;
  /**
   * A sentence for each file, of this one and those that were opened beside it, that is not what it was when it was
   * opened first, also after it was closed; absent if the source cannot tell.
   */
  readonly changes?: (() => Promise<readonly string[]>) | undefined;
  /** Closes the source after the reads in flight. Calling it again does nothing. */
  close(): Promise<void>;
}

/** Checks the range of a read before anything is allocated; returns the destination. */
export function readTarget(source: ByteSource, offset: number, into: number | Uint8Array): Uint8Array {
  const length = typeof into === 'number' ? into : into.byteLength;
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    throw new EwaldError('Format', `${source.name}: cannot read ${length} bytes at ${offset}`, {
      detail: { path: source.name, offset, length },
    });
  if (offset + length > source.size)
    throw new EwaldError(
      'Format',
      `${source.name}: the file ends at byte ${source.size}; expected ${length} bytes from byte ${offset} on. ` +
        'Is it truncated?',
      { detail: { path: source.name, offset, length, size: source.size } },
    );
  return typeof into === 'number' ? new Uint8Array(into) : into;
}

/** The file next to `source`; undefined if there is none. */
export async function openSiblingIfExists(
  source: ByteSource,
  path: string,
  options: SiblingOptions = {},
): Promise<ByteSource | undefined> {
  try {
    return await source.sibling(path, options);
  } catch (error) {
    if (error instanceof EwaldError && error.tag === 'File' && error.detail.absent === true) return undefined;
    throw error;
  }
}

/** Does work; if it fails, closes the sources that are in the list by then. */
export async function closingOnError<T>(
  sources: readonly ByteSource[],
  work: () => T | Promise<T>,
): Promise<Awaited<T>> {
  try {
    return await work();
  } catch (error) {
    for (const source of sources) await source.close();
    throw error;
  }
}

/** The error for a missing file; `openSiblingIfExists` recognises it. */
export function absentFile(path: string, lookedFor?: string, cause?: unknown): EwaldError {
  return new EwaldError(
    'File',
    `${path} does not ` + `exist${lookedFor === undefined ? '' : ` (looked for ${lookedFor})`}`,
    {
      cause,
      detail: { path, lookedFor, absent: true },
    },
  );
}

/** Rejects a path that leaves the folder of the file that names it; returns its parts. */
export function partsInside(from: string, path: string, options: SiblingOptions): string[] {
  const parts = partsOf(path, /[/\\]/);
  const isRooted = /^([/\\]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/.test(path) || path.includes('\0');
  // Where a backslash is a character of names, 'a\\b/../..' leads out of the folder.
  if ((isRooted || !parts || !partsOf(path, '/')) && !options.allowOutside)
    throw argumentError(
      '',
      (said) =>
        `${from} refers to ${path}, which lies outside its folder; open it with ` +
        `${setting(said, 'allowOutside', true)} if you trust the file`,
      { path: from, link: path, outside: true },
      'File',
    );
  return parts ?? [];
}

/** The parts of a path without `.` and `..`; undefined if it leads out of its folder. */
function partsOf(path: string, separator: RegExp | string): string[] | undefined {
  const parts: string[] = [];
  for (const part of path.split(separator)) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts;
}

/** The last part of a path or address. */
export const baseName = (name: string): string =>
  name
    .replace(/[?#].*$/, '')
    .split(/[/\\]/)
    .at(-1) ?? name;
