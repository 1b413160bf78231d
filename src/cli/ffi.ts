/** `ewald ffi`: lists what a header makes callable, calls functions from the shell, and writes typed modules. */
import { checkOutput, findLibrary, killable, refuseOthers } from '../entries/command.node.js';
import {
  type CType,
  type FunctionTable,
  findEnds,
  getLibHandle,
  type Library,
  parseHeaderFile,
  signature,
} from '../entries/ffi.node.js';
import { isEwaldError } from '../entries/index.node.js';
import { call } from './ffi-call.js';
import { write, writingOf } from './ffi-output.js';
import { type FfiFlags, rows } from './ffi-rows.js';
import { counted, dim, green, note, print, printJson, table, wrapText, yellow } from './output.js';
import { nameAsFlags } from './parameter-flags.js';

export async function run([header = '']: readonly string[], options: FfiFlags): Promise<void> {
  const { library: path, definitions, includeDir, skipUnsupported, cpp } = options;
  const given = { definitions, includeDir, skipUnsupported, cpp };
  const reading = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const stages = path === undefined ? [] : ['a library (--lib)'];
  refuseOthers(rows, options, { stages, because: () => 'give --lib PATH as well' }, nameAsFlags(rows));
  const backend = backendOf(options);
  const declared = parseHeaderFile(header, backend === 'wasm' ? { ...reading, model: 'wasm32' } : reading);
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
  const known = backend ? declared : header;
  // A library may never return, from a call or already from its start: the system's Ctrl-C ends it.
  await killable(() => use(path, known, reading, options));
}

/** Opens the library, calls a function of it or lists what it has. */
async function use(
  library: string,
  header: string | FunctionTable,
  reading: object,
  { call: words, json = false, buildDir, backend = 'auto' }: FfiFlags,
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

/** What the library is; undefined without one, and if it was not found. */
function backendOf({ library, buildDir, backend = 'auto' }: FfiFlags): 'native' | 'wasm' | undefined {
  if (library === undefined) return undefined;
  try {
    return findLibrary(library, buildDir, backend).backend;
  } catch {
    return undefined;
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
  const { disposers, endings } = findEnds(declared);
  const pairs = [...disposers].map(([tag, name]) => `${tag} by ${name}()`);
  if (pairs.length > 0)
    print(dim(wrapText(`freed, as far as names say: ${pairs.join(', ')}; handles of getLibHandle says otherwise`)));
  const open = opened(declared).filter((tag) => !disposers.has(tag));
  const enders = (tag: string): string[] =>
    [...endings].flatMap(([name, { argument = 0 }]) => {
      const type = declared.functions[name]?.parameters[argument]?.type;
      return type?.kind === 'pointer' && type.to.kind === 'struct' && type.to.tag === tag ? [`${name}()`] : [];
    });
  const [several, none] = [
    open.filter((tag) => enders(tag).length > 0),
    open.filter((tag) => enders(tag).length === 0),
  ];
  const name = (tags: readonly string[]): string =>
    `name the function with handles: { ${tags.map((tag) => `${tag}: 'function'`).join(', ')} } of getLibHandle`;
  for (const tag of several)
    print(
      wrapText(
        `${enders(tag).join(' and ')} end ${tag}, and dispose() is none, since names do not say which; ${name([tag])}`,
      ),
    );
  if (none.length > 0)
    print(
      wrapText(
        `no name says what frees ${none.join(', ')}: uses after the end are not refused, and dispose() is none; ${name(none)}`,
      ),
    );
}

/** The structs without fields to which functions return pointers, alone or in an argument: C has made them. */
function opened({ functions, structs }: FunctionTable): string[] {
  const made = (type: CType): string[] =>
    type.kind === 'pointer' && type.to.kind === 'struct' && !type.to.const && !structs[type.to.tag]?.fields
      ? [type.to.tag]
      : [];
  const found = Object.values(functions).flatMap(({ result, parameters }) => [
    ...made(result),
    ...parameters.flatMap(({ type }) => (type.kind === 'pointer' ? made(type.to) : [])),
  ]);
  return [...new Set(found)];
}
