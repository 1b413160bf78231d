/** Headers of `KEY = value ;` lines in braces, as in SMV and EDF. */

import { badFile } from '../bytes/bad-file.js';
import type { ByteSource } from '../bytes/byte-source.js';
import type { PlatformSignal } from '../util/globals.js';
import { decodeLatin1 } from './cursor.js';

/** A header and the position of the bytes after it. */
interface TextHeader {
  readonly values: ReadonlyMap<string, string>;
  readonly end: number;
}

/** Longest header; a file without a closing brace is not read to its end. */
const maxBytes = 2 ** 20;

/**
 * Reads a header that starts at `at` and ends with a brace that stands for itself: one in a value, as in
 * `struct = {1 2 3} ;`, does not end it. Keys are upper case. Throws `Format`.
 */
export async function readTextHeader(source: ByteSource, at: number, signal?: PlatformSignal): Promise<TextHeader> {
  let text = '';
  for (let length = 4096; ; length *= 4) {
    const here = Math.min(length, source.size - at);
    text = decodeLatin1(await source.read(at, here, { signal }));
    const isAll = here === source.size - at || length >= maxBytes;
    const close = closingBrace(text) ?? (isAll ? anyBrace(text) : undefined);
    // The line feed may be the first byte that was not read.
    if (close && (close.end < text.length || here === source.size - at))
      return { values: pairs(text.slice(0, close.index)), end: at + close.end };
    if (isAll) throw badFile(source, `the header that starts at byte ${at} has no closing brace`);
  }
}

interface Brace {
  readonly index: number;
  /** The position after it and its line feed. */
  readonly end: number;
}

const braceAt = (text: string, index: number): Brace => {
  const line = /^\}\r?\n?/.exec(text.slice(index, index + 3))?.[0] ?? '}';
  return { index, end: index + line.length };
};

/** The first closing brace outside of values: at the start of a line or after a semicolon, and not before one. */
function closingBrace(text: string): Brace | undefined {
  for (let index = text.indexOf('}'); index >= 0; index = text.indexOf('}', index + 1)) {
    let before = index - 1;
    while (before > 0 && ' \t\f\0'.includes(text[before] as string)) before--;
    let after = index + 1;
    while (' \t'.includes(text[after] ?? '.')) after++;
    if (';\n\r{'.includes(text[before] ?? '\n') && text[after] !== ';') return braceAt(text, index);
  }
  return undefined;
}

/** The first closing brace of a header that has none outside of values. */
const anyBrace = (text: string): Brace | undefined => {
  const index = text.indexOf('}');
  return index < 0 ? undefined : braceAt(text, index);
};

/** A semicolon ends a value at the end of its line, or before the next key; others are part of the value. */
function pairs(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let open: string | undefined;
  for (const line of text.replace(/^\s*\{/, '').split(/\r?\n/))
    for (const entry of line.split(/;(?=\s*[A-Za-z_][\w.-]*\s*=)|;\s*$/)) {
      const equals = entry.indexOf('=');
      if (equals > 0 && !(open !== undefined && /^\s*[/\\]/.test(entry))) {
        open = entry.slice(0, equals).trim().toUpperCase();
        values.set(open, entry.slice(equals + 1).trim());
      } else if (open !== undefined && values.get(open) === '') {
        // A value on the line after its key.
        values.set(open, entry.trim());
      }
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
