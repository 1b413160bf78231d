/** The flags of `ewald ffi`. */
import { type FlagValues, libraryRows, type Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

export const rows = {
  ...libraryRows,
  call: {
    kind: 'texts',
    sentence: 'call a function by name with arguments: numbers, true, text, null, or JSON for arrays and structs',
    value: 'words...',
    mayBeEmpty: true,
    of: ['a library (--lib)'],
  },
  output: {
    kind: 'texts',
    short: 'o',
    sentence: 'write a module (.ts), its declarations (.d.ts) or the function table (.json); may be repeated',
    value: 'file',
  },
  force: { kind: 'boolean', sentence: 'replaces files that ewald did not write; never an input' },
  json: jsonRow(
    'the function table, or {"function", "result", "arguments"} of a call, in which NaN, infinities and integers beyond 2^53 are strings',
  ),
} as const satisfies Parameters;
export const command = {
  description: 'read a C header: list what it makes callable, call a function, write a typed module',
  arguments: [['<header>', 'the C header']],
  rows,
  after:
    '\nExamples:\n  ewald ffi pi.h\n  ewald ffi pi.h --lib ./build/libpi_cpp.so --call approximate_pi_c ' +
    '1000000\n  ewald ffi pi.h -D PI_API= -o pi.ts\n  ewald ffi zlib.h --lib z --call crc32 0 hello 5' +
    '\n\nNative libraries are called by the package koffi (npm install koffi);\nwasm modules need no package.',
} as const satisfies CommandWords<Parameters>;
export type FfiFlags = FlagValues<typeof rows>;
