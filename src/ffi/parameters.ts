/** Parameters of reading a header and of loading its library. */
import { type Parameters, typed } from '../options/parameters.js';
import type { Definitions } from './header/parse.js';

/** The rows of the options with which a C library is opened. */
export const libraryRows = {
  library: {
    kind: 'text',
    sentence:
      'the library: a name looked up in --build-dir and by the dynamic loader (z, libz.so.1), or a path to a .so, ' +
      '.dylib, .dll or .wasm',
    flag: 'lib',
    value: 'library',
  },
  buildDir: {
    kind: 'text',
    sentence: 'build folder of libraries; it and its lib/ are searched',
    value: 'folder',
    of: ['a library (--lib)'],
  },
  includeDir: {
    kind: 'texts',
    short: 'I',
    sentence: 'include folder; may be repeated',
    type: typed<string | readonly string[]>('string | readonly string[]'),
    defaultText: 'the working directory',
    flag: 'include',
    value: 'folder',
  },
  definitions: {
    kind: 'texts',
    short: 'D',
    sentence: 'macro definition for the header; may be repeated',
    type: typed<Definitions>('Definitions'),
    more: "In JavaScript `{ PI_API: '' }` or `['-DPI_API=']`.",
    flag: 'define',
    value: 'name[=value]',
  },
  cpp: {
    kind: 'text',
    sentence: "preprocessor of the header: a command such as 'emcc -E', or 'builtin'",
    defaultText: 'cc, or the compiler named in CC; built in without one and for wasm',
    value: 'command',
  },
  backend: {
    kind: 'choice',
    sentence: 'how the library is loaded',
    choices: ['auto', 'native', 'wasm'],
    fallback: 'auto',
    of: ['a library (--lib)'],
  },
  skipUnsupported: { kind: 'boolean', sentence: 'skip declarations that cannot be read, with a warning each' },
} as const satisfies Parameters;

// The library is required and may be a module as well, so its type is that of LibraryOptions.
const { library: _, ...otherRows } = libraryRows;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  LibraryParameters: otherRows,
} as const;
