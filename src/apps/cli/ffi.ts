/** `ewald ffi`: lists what a header makes callable, calls functions from the shell, and writes typed modules. */
import type { Command } from 'commander';
import {
  checkOutput,
  type FlagValues,
  findLibrary,
  killable,
  libraryRows,
  nearest,
  type Parameters,
  refuseOthers,
  type WriteOptions,
  writeWhole,
} from '../../entries/command.node.js';
import {
  CArray,
  type CFunction,
  type CType,
  type FunctionTable,
  getLibHandle,
  type Library,
  Pointer,
  parseHeaderFile,
  signature,
  typeText,
  writeModule,
} from '../../entries/ffi.node.js';
import { EwaldError, isEwaldError } from '../../entries/index.node.js';
import { bold, type CliDeps, counted, dim, green, note, print, printJson, table, wrapText, yellow } from './output.js';
import { type FlagTexts, flagValues, nameAsFlags, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...libraryRows,
  call: {
    kind: 'texts',
    sentence: 'call a function by name with arguments: numbers, true, text, null, or JSON for arrays and structs',
    value: 'words...',
    of: ['a library (--lib)'],
  },
  output: {
    kind: 'texts',
    short: 'o',
    sentence: 'write a module (.ts), its declarations (.d.ts) or the function table (.json); may be repeated',
    value: 'file',
  },
  force: { kind: 'boolean', sentence: 'replaces files that ewald did not write; never an input' },
  json: jsonRow('the function table, or {"function", "result", "arguments"} of a call'),
} as const satisfies Parameters;
type Options = FlagValues<typeof rows>;

export function register(program: Command, _deps: CliDeps): void {
  const command = program
    .command('ffi')
    .description('read a C header: list what it makes callable, call a function, write a typed module')
    .argument('<header>', 'the C header')
    .addHelpText(
      'after',
      '\nExamples:\n  ewald ffi pi.h\n  ewald ffi pi.h --lib ./build/libpi_cpp.so --call approximate_pi_c ' +
        '1000000\n  ewald ffi pi.h -D PI_API= -o pi.ts\n  ewald ffi zlib.h --lib z --call crc32 0 hello 5' +
        '\n\nNative libraries are called by the package koffi (npm install koffi);\nwasm modules need no package.',
    )
    .action((header: string, texts: FlagTexts) => run(header, flagValues(rows, texts)));
  withFlags(command, rows);
}

async function run(header: string, options: Options): Promise<void> {
  const { library: path, definitions, includeDir, skipUnsupported, cpp } = options;
  const given = { definitions, includeDir, skipUnsupported, cpp };
  const reading = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const stages = path === undefined ? [] : ['a library (--lib)'];
  refuseOthers(rows, options, { stages, because: () => 'give --lib PATH as well' }, nameAsFlags(rows));
  const declared = parseHeaderFile(header, reading);
  if (!options.json) for (const warning of declared.warnings) note(`${yellow('ewald:')} ${warning}`);
  const force = options.force ?? false;
  const inputs = [header, ...(path === undefined ? [] : [path])];
  for (const file of options.output ?? []) await checkOutput(file, writingOf(file, force, inputs));
  for (const file of options.output ?? []) await write(file, declared, writingOf(file, force, inputs));
  if (path === undefined) {
    if (options.output) return;
    if (options.json) printJson(declared);
    else list(declared, undefined);
    return;
  }
  // The header is only read again if another data model requires it.
  const known = isNative(options) ? declared : header;
  // A library may never return, from a call or already from its start: the system's Ctrl-C ends it.
  await killable(() => use(path, known, reading, options));
}

/** Opens the library, calls a function of it or lists what it has. */
async function use(
  library: string,
  header: string | FunctionTable,
  reading: object,
  { call: words, json = false, buildDir, backend = 'auto' }: Options,
): Promise<void> {
  const opened = await getLibHandle<Record<string, never>>({ ...reading, header, library, buildDir, backend });
  try {
    if (words) await call(opened, words, json);
    else if (json)
      printJson({ ...opened.table, library: { path: library, backend: opened.backend, missing: missing(opened) } });
    else list(opened.table, opened);
  } finally {
    opened.dispose();
  }
}

/** Whether the library is loaded into this process. */
function isNative({ library: lib = '', buildDir, backend = 'auto' }: Options): boolean {
  if (backend !== 'auto' && backend !== 'native') return false;
  try {
    return findLibrary(lib, buildDir, backend).backend === 'native';
  } catch {
    return false;
  }
}

/** The reason why a function of the table cannot be called; undefined if it can. */
function whyNot(library: Library, name: string): string | undefined {
  try {
    void (library as Record<string, unknown>)[name];
    return undefined;
  } catch (error) {
    if (isEwaldError(error)) return error.message;
    throw error;
  }
}

const missing = (library: Library): Record<string, string> =>
  Object.fromEntries(
    Object.keys(library.table.functions).flatMap((name) => {
      const why = whyNot(library, name);
      return why === undefined ? [] : [[name, why]];
    }),
  );

function list(declared: FunctionTable, library: Library | undefined): void {
  const functions = Object.values(declared.functions);
  const absent: string[] = [];
  const rows = functions.map((fn) => {
    const why = library && whyNot(library, fn.name);
    if (why !== undefined) absent.push(why);
    const doc = fn.doc?.split('\n')[0] ?? '';
    return [
      signature(fn, fn.name),
      ...(library ? [why === undefined ? green('callable') : yellow('not here')] : []),
      dim(doc.length > 60 ? `${doc.slice(0, 59)}…` : doc),
    ];
  });
  print(table(['function', ...(library ? [library.backend] : []), 'about'], rows));
  for (const why of absent) print(yellow(why));
  const count = (what: string, names: object): string => counted(Object.keys(names).length, what);
  const { structs, enums, constants } = declared;
  const counts = [
    count('function', declared.functions),
    ...[count('struct', structs), count('enum', enums), count('constant', constants)],
  ];
  print(dim(wrapText(`${declared.header}: ${counts.join(', ')}, laid out for ${declared.model}`)));
}

async function call(library: Library, [name = '', ...words]: readonly string[], json: boolean): Promise<void> {
  const declared =
    Object.hasOwn(library.table.functions, name) || name in library.table.functions
      ? library.table.functions[name]
      : undefined;
  if (!declared) {
    const names = Object.keys(library.table.functions);
    const near = nearest(name, names);
    throw new EwaldError(
      'Argument',
      `${library.table.header} declares no function ` +
        `"${name}"; ${near ? `did you mean "${near}"?` : `it declares ${names.slice(0, 8).join(', ')}`}`,
    );
  }
  const fn = (library as unknown as Record<string, (...values: unknown[]) => unknown>)[name];
  const values = words.map((word, i) => argument(word, declared, i));
  const result = textIn(await fn?.(...values), declared.result);
  const written = values.map(plain);
  if (json) {
    printJson({ function: name, result: plain(result), arguments: written });
    return;
  }
  if (declared.result.kind !== 'void') print(shown(result, declared.result));
  declared.parameters.forEach(({ name: parameter, type }, i) => {
    // The arguments are printed as well, because C may have written to them.
    if (type.kind === 'pointer' && !type.to.const && typeof values[i] === 'object' && values[i] !== null)
      print(`${bold(parameter || `argument ${i + 1}`)} ${JSON.stringify(written[i], bigints)}`);
  });
}

/** Converts a word of the shell to the type of the parameter. */
function argument(word: string, fn: CFunction, i: number): unknown {
  const parameter = fn.parameters[i];
  if (!parameter) return fn.variadic ? further(word) : word;
  const { type } = parameter;
  if (type.kind === 'scalar') {
    if (word === 'true' || word === 'false') return word === 'true';
    if (/^[-+]?\d+$/.test(word)) {
      const exact = BigInt(word);
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    }
    const value = Number(word);
    return word.trim() === '' || (Number.isNaN(value) && !/^nan$/i.test(word)) ? word : value;
  }
  if (type.kind === 'enum') return /^-?\d+$/.test(word) ? Number(word) : word;
  if (word === 'null' || word === 'NULL') return null;
  if (/^[[{]/.test(word)) {
    try {
      return JSON.parse(word);
    } catch (cause) {
      throw new EwaldError(
        'Argument',
        `argument ${i + 1} of ${fn.name} is ${JSON.stringify(word)}, which is not valid JSON`,
        {
          cause,
        },
      );
    }
  }
  if (type.kind === 'pointer' && isByte(type.to)) return word;
  throw new EwaldError(
    'Argument',
    `argument ${i + 1} of ${fn.name} is ${typeText(type)}; ` +
      'write null, or JSON such ' +
      `as ${type.kind === 'pointer' && type.to.kind === 'pointer' ? '[[1, 2], [3, 4]]' : '[1, 2, 3]'}`,
  );
}

/** A variadic argument: integers are ints, numbers with a point doubles, everything else is text. */
function further(word: string): [string, unknown] {
  if (/^[-+]?\d+$/.test(word)) {
    const value = BigInt(word);
    return BigInt.asIntN(32, value) === value ? ['int', Number(value)] : ['long long', value];
  }
  const number = Number(word);
  return word.trim() === '' || Number.isNaN(number) ? ['const char *', word] : ['double', number];
}

const isByte = (type: CType): boolean =>
  type.kind === 'scalar' && ['char', 'signed char', 'unsigned char', 'int8_t', 'uint8_t'].includes(type.name);

/** The text of a `char *`, which functions such as getenv return; other values as they are. */
const textIn = (value: unknown, type: CType): unknown =>
  value instanceof Pointer && type.kind === 'pointer' && type.to.kind === 'scalar' && type.to.name === 'char'
    ? value.text()
    : value;

/** A value in a form that JSON can hold. */
function plain(value: unknown): unknown {
  if (value instanceof CArray) return value.toArray();
  if (value instanceof Pointer) return `0x${value.address.toString(16)}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  return value;
}

const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

function shown(value: unknown, type: CType): string {
  if (value instanceof Pointer) return `${typeText(type)} 0x${value.address.toString(16)}`;
  if (typeof value === 'object' && value !== null) return JSON.stringify(plain(value), bigints);
  return String(value);
}

const mark = 'written by `ewald ffi`';

type Form = 'd.ts' | 'ts' | 'json';

function formOf(file: string): Form {
  const form = (['d.ts', 'ts', 'json'] as const).find((ending) => file.endsWith(`.${ending}`));
  if (!form)
    throw new EwaldError('Argument', `--output is "${file}"; expected a name that ends in .ts, .d.ts or .json`);
  return form;
}

/** The format of a table has no room for a mark of its author, so a table is recognised by its beginning. */
function writingOf(file: string, force: boolean, inputs: readonly string[]): WriteOptions {
  const form = formOf(file);
  const replaces = (head: Uint8Array): boolean => {
    const text = new TextDecoder().decode(head);
    return form === 'json' ? /^\{\s*"version": 1,\s*"header"/.test(text) : text.includes(mark);
  };
  return { force, inputs, replaces, otherwise: 'was not written by ewald ffi' };
}

async function write(file: string, declared: FunctionTable, writing: WriteOptions): Promise<void> {
  const form = formOf(file);
  const content = form === 'json' ? `${JSON.stringify(declared, undefined, 2)}\n` : writeModule(declared, { form });
  await writeWhole(file, content, writing);
  note(`wrote ${file}`);
}
