/** The interface between a run and the WebAssembly module of a UDF, as the README describes it. */

import type { DataType } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';

/** Version of the interface. A module that exports no `ewald_udf_abi()` has version 1. */
export const abiVersion = 1;

/** The code by which `setup` learns the dtype of the frames. */
export const dtypeCodes: Readonly<Partial<Record<DataType, number>>> = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  f64: 7,
  c64: 8,
  c128: 9,
};

/** The exports of a module; addresses are bytes from the start of its memory. */
export interface UdfExports {
  readonly memory: WebAssembly.Memory;
  ewald_udf_abi?(): number;
  /** Constructors of a module without a main function (WASI's reactors). */
  _initialize?(): void;
  /** Returns the first byte that the module does not use itself; everything from there on belongs to the run. */
  heap?(): number;
  /** Instead of `heap`, for modules with an allocator: returns memory for the run, 0 on failure. */
  allocate?(bytes: number): number;
  /**
   * Called once per worker and run. `params` has 8 bytes per parameter, in the order of the definition: numbers and
   * booleans as float64, arrays as address and length (two u32). A result other than 0 refuses the run.
   */
  setup?(height: number, width: number, dtype: number, params: number): number | undefined;
  /**
   * Processes `count` frames at consecutive positions of the scan. `results` has one address (u32) per buffer, in the
   * order of the definition; buffers of kind nav begin at the first of these frames, the others are whole. A result
   * other than 0 is an error.
   */
  process(frames: number, count: number, firstPosition: number, results: number): number | undefined;
}

const functions = ['ewald_udf_abi', '_initialize', 'heap', 'allocate', 'setup', 'process'];

/** Checks the exports and imports of a module. Throws `Argument`. */
export function checkModule(what: string, module: WebAssembly.Module): void {
  const exports = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  const names = [...exports.keys()].filter((name) => !name.startsWith('__')).join(', ') || 'nothing';
  const lacks = (expected: string): never => {
    throw new EwaldError('Argument', `${what} exports ${names}; expected ${expected}`);
  };
  if (exports.get('memory') !== 'memory') lacks('memory: link it without --import-memory');
  if (exports.get('process') !== 'function') lacks('process(frames, count, firstPosition, results)');
  if (!exports.has('heap') && !exports.has('allocate'))
    lacks('heap(), the address of the first free byte, or allocate(bytes)');
  for (const name of functions)
    if (exports.has(name) && exports.get(name) !== 'function')
      throw new EwaldError('Argument', `${what} exports ${name} as a ${exports.get(name)}; expected a function`);
  const foreign = WebAssembly.Module.imports(module).filter(
    ({ module: from, name }) => !/^wasi_/.test(from) && !(from === 'env' && name === 'abort'),
  );
  if (foreign.length > 0)
    throw new EwaldError(
      'Argument',
      `${what} imports ${foreign.map(({ module: from, name }) => `${from}.${name}`).join(', ')}; expected no imports ` +
        'except those of WASI: a UDF has only its frames, parameters and results',
    );
}

/** The parameters of the functions that a run calls; other numbers of them are a mistake that WebAssembly permits. */
const parametersOf = {
  setup: ['height', 'width', 'dtype', 'params'],
  process: ['frames', 'count', 'firstPosition', 'results'],
} as const;

/** Checks how many parameters the functions of a module have. Throws `Argument`. */
export function checkSignatures(what: string, exports: UdfExports): void {
  for (const [name, parameters] of Object.entries(parametersOf)) {
    const given = exports[name as keyof typeof parametersOf]?.length ?? parameters.length;
    if (given !== parameters.length)
      throw new EwaldError(
        'Argument',
        `${what} exports ${name} with ${given} parameters; expected ${name}(${parameters.join(', ')})`,
      );
  }
}

/** `ENOSYS` of WASI: there are no files, clocks or arguments. */
const notSupported = 52;

/** The imports of a module: WASI without a system, and AssemblyScript's `abort`. */
export function importsOf(module: WebAssembly.Module): WebAssembly.Imports {
  // The names are the module's own, which may be those of members of every object.
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = Object.create(null);
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>;
    imports[from][name] = /^(abort|proc_exit)$/.test(name)
      ? (...values: number[]) => {
          throw new Error(`${name}(${values.join(', ')})`);
        }
      : () => notSupported;
  }
  return imports;
}
