/** Headers of `KEY = value ;` lines in braces, as in SMV and EDF. */
import type { PlatformSignal } from '../../base/globals.js';
import type { ByteSource } from './byte-source.js';
import { latin1 } from './cursor.js';
import { badFile } from './shapes.js';

/** A header and the position of the bytes after it. */
interface TextHeader {
  readonly values: ReadonlyMap<string, string>;
  readonly end: number;
}

/** Longest header; a file without a closing brace is not read to its end. */
const mostBytes = 2 ** 20;

/** Reads a header that starts at `at` and ends with '}' and a line feed. Keys are upper case. Throws `Format`. */
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
      throw badFile(source, `the header that starts at byte ${at} has no closing brace`);
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

/** The first `most` blocks from `<tag` to `</tag>`, tags included, in linear time for any text. */
export function blocksOf(text: string, tag: string, most: number): string[] {
  const blocks: string[] = [];
  const [open, close] = [`<${tag}`, `</${/^\w+/.exec(tag)?.[0]}>`];
  for (let at = text.indexOf(open); at >= 0 && blocks.length < most; at = text.indexOf(open, at)) {
    const end = text.indexOf(close, at);
    if (end < 0) break;
    blocks.push(text.slice(at, end + close.length));
    at = end + close.length;
  }
  return blocks;
}

/** The text of the first `<tag …>`; empty if there is none. */
export function openingTag(text: string, tag: string): string {
  const at = text.search(new RegExp(`<${tag}\\b`));
  const end = at < 0 ? -1 : text.indexOf('>', at);
  return end < 0 ? '' : text.slice(at, end + 1);
}

/** A number of a header; undefined if it is missing or not a number. */
export function headerNumber(values: ReadonlyMap<string, string>, ...keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const value = Number.parseFloat(values.get(key) ?? '');
    if (Number.isFinite(value)) return value;
  }
  return undefined;
}
