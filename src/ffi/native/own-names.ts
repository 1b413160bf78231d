/**
 * Whether a library has to be bound to its own names: Node exports its zlib, OpenSSL and libuv, the C library has `index`
 * and `gamma`, and the loader of Linux takes a name from these first. One half of a library would work on what another one
 * laid out, and a call of its own function would be one of something else.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { environment } from './headers.js';
import { identify } from './identify.js';
import { systemLibrary } from './loader.js';

/** A table of an ELF file, and the texts to which its entries refer. */
interface Section {
  readonly entries: Buffer;
  readonly texts: Buffer;
}

const none: Section = { entries: Buffer.alloc(0), texts: Buffer.alloc(0) };

/** Kinds of sections. */
const dynamic = 6;
const symbols = 11;

/** Reads a section of a 64-bit ELF file; an empty one of any other file. */
function sectionOf(path: string, kind: number): Section {
  let file: number | undefined;
  try {
    const opened = openSync(path, 'r');
    file = opened;
    const bytes = (offset: number, length: number): Buffer => {
      const into = Buffer.alloc(length);
      return into.subarray(0, readSync(opened, into, 0, length, offset));
    };
    const head = bytes(0, 64);
    // After the mark: 64 bits, least significant byte first.
    if (identify(head).kind !== 'ELF' || head[4] !== 2 || head[5] !== 1) return none;
    const [size, count] = [head.readUInt16LE(0x3a), head.readUInt16LE(0x3c)];
    const table = bytes(Number(head.readBigUInt64LE(0x28)), size * count);
    const content = (i: number): Buffer =>
      bytes(Number(table.readBigUInt64LE(i * size + 0x18)), Number(table.readBigUInt64LE(i * size + 0x20)));
    for (let i = 0; i < count; i++)
      if (table.readUInt32LE(i * size + 4) === kind)
        return { entries: content(i), texts: content(table.readUInt32LE(i * size + 0x28)) };
    return none;
  } catch {
    // What is wrong with a file is said where it is loaded.
    return none;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const textAt = (texts: Buffer, at: number): string => texts.toString('latin1', at, texts.indexOf(0, at));

/** Kinds of symbols: variables, functions, variables of a thread, and functions that are chosen for the processor. */
const named = new Set([1, 2, 6, 10]);

/** Places of symbols that the file only uses, and of the names of versions. */
const undefinedHere = 0;
const absolute = 0xfff1;

/** The functions and variables of C that a file defines for others. */
function namesOf(path: string): Set<string> {
  const { entries, texts } = sectionOf(path, symbols);
  const found = new Set<string>();
  for (let at = 0; at + 24 <= entries.length; at += 24) {
    const place = entries.readUInt16LE(at + 6);
    if (!named.has(entries.readUInt8(at + 4) % 16) || place === undefinedHere || place === absolute) continue;
    const name = entries.readUInt32LE(at);
    // Functions of C++ (_Z…) are shared on purpose.
    if (texts[name] === 0x5f && texts[name + 1] === 0x5a) continue;
    found.add(textAt(texts, name));
  }
  // Every file has its own start and end.
  found.delete('_init');
  found.delete('_fini');
  return found;
}

/** The names of the libraries that a file needs. */
function neededBy(path: string): string[] {
  const { entries, texts } = sectionOf(path, dynamic);
  const found: string[] = [];
  for (let at = 0; at + 16 <= entries.length; at += 16)
    if (entries.readBigUInt64LE(at) === 1n) found.push(textAt(texts, Number(entries.readBigUInt64LE(at + 8))));
  return found;
}

/** What a library replaces for the whole program: its own half alone would free what the other half allocated. */
const allocators = ['malloc', 'calloc', 'realloc', 'free'];

/** Variables of the C library of which there is one, also for a library that has a place for them. */
const shared = 'environ stdin stdout stderr timezone tzname daylight optarg optind opterr optopt'.split(' ');

/** The files of the C library: what one has of another's names is the same thing. */
const ofC = /^lib(?:c|m|dl|pthread|rt|util|resolv|nsl|anl|crypt|mvec)\.so/;

const program = '/proc/self/exe';
let ofProgram: ReadonlySet<string> | undefined;
let ofLibrary: ReadonlySet<string> | undefined;

/** Whether the program has functions of its own under names that a file defines. */
function sharesWithProgram(own: ReadonlySet<string>): boolean {
  if (own.size === 0) return false;
  ofProgram ??= namesOf(program);
  for (const name of own) if (ofProgram.has(name)) return true;
  return false;
}

/** Whether the C library that the program has loaded has something else under a name that a file defines. */
function sharesWithC(own: ReadonlySet<string>, needed: readonly string[]): boolean {
  if (own.size === 0 || allocators.some((name) => own.has(name))) return false;
  ofLibrary ??= new Set(
    needed.filter((name) => ofC.test(name)).flatMap((name) => [...namesOf(systemLibrary(name).path ?? '')]),
  );
  // Names that begin with _ are those of compilers and of the C library, and mean the same everywhere.
  for (const name of own) if (ofLibrary.has(name) && !name.startsWith('_')) return true;
  return false;
}

/**
 * Whether the program has something of its own under a name that a library, or one that comes with it, defines; or the C
 * library under one that the library itself defines. (Half of the libraries of X11 come with libbsd, which has names of C.)
 *
 * False for libraries of C++, since objects such as `std::cout` are in the program; and if a library is preloaded, which
 * replaces functions on purpose, as sanitizers and allocators do. What defines `malloc` shares the names of C.
 */
export function needsOwnNames(path: string): boolean {
  if (process.platform !== 'linux' || environment('LD_PRELOAD') !== '') return false;
  const loaded = neededBy(program);
  const seen = new Set(loaded);
  const files: string[] = [];
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(basename(next))) continue;
    seen.add(basename(next));
    files.push(next);
    const needed = neededBy(next);
    if (needed.some((name) => /^lib(?:std)?c\+\+/.test(name))) return false;
    for (const name of needed) {
      const found = seen.has(name) ? undefined : systemLibrary(name).path;
      if (found !== undefined) open.push(found);
    }
  }
  return files.some((file) => {
    const own = namesOf(file);
    for (const name of shared) own.delete(name);
    return sharesWithProgram(own) || (file === path && !ofC.test(basename(file)) && sharesWithC(own, loaded));
  });
}
