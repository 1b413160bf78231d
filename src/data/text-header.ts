/** Headers of `KEY = value ;` lines between braces: SMV and EDF. */
import type { PlatformSignal } from '../globals.js';
import type { ByteSource } from './byte-source.js';
import { latin1 } from './cursor.js';
import { badFile } from './shapes.js';

/** A header and where the bytes after it begin. */
export interface TextHeader {
  readonly values: ReadonlyMap<string, string>;
  readonly end: number;
}

/** No header is longer; a file that never closes its brace is not read to its end. */
const mostBytes = 2 ** 20;

/** Reads a header that begins at `at` and ends with '}' and a line feed. Keys are upper case. Throws `Format`. */
export async function readTextHeader(source: ByteSource, at: number, signal?: PlatformSignal): Promise<TextHeader> {
  let text = '';
  for (let length = 4096; ; length *= 4) {
    const here = Math.min(length, source.size - at);
    text = latin1(await source.read(at, here, { signal }));
    const close = /\}\r?\n?/.exec(text);
    // The line feed may be the first byte that was not read.
    if (close && (close.index + close[0].length < text.length || here === source.size - at))
      return { values: pairs(text.slice(0, close.index)), end: at + close.index + close[0].length };
    if (here === source.size - at || length >= mostBytes)
      throw badFile(source, `the header that begins at byte ${at} has no closing brace`);
  }
}

function pairs(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const entry of text.replace(/^\s*\{/, '').split(/;|\r?\n/)) {
    const equals = entry.indexOf('=');
    if (equals > 0) values.set(entry.slice(0, equals).trim().toUpperCase(), entry.slice(equals + 1).trim());
  }
  return values;
}

/** A number of a header, undefined where it is absent or none. */
export function numberOf(values: ReadonlyMap<string, string>, ...keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const value = Number.parseFloat(values.get(key) ?? '');
    if (Number.isFinite(value)) return value;
  }
  return undefined;
}
