/** Checks the arguments of `ctx.frameFunction` before anything is compiled or allocated. */

import { numberTypes } from '../../compute/arrays/numbers.js';
import { udfNumbers } from '../../compute/layout/udf.js';
import { checkedValue, row } from '../../options/call-options.js';
import { lengthOf } from '../../util/buffers.js';
import { EwaldError } from '../../util/errors.js';
import { inspect, knownOptions, list, withArticle } from '../../util/options.js';
import type { PassDtype } from '../contract.js';
import type { FunctionDescriptor, FunctionResult, FunctionRun } from './function-contract.js';

/** Typed arrays of results by WGSL type. */
export const functionArrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;
const most = 2 ** 28;

/** Rejects invalid WGSL names; `what` names the object in the message. */
export function checkWgslName(what: string, name: unknown): void {
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || name.includes('__'))
    throw new EwaldError(
      'Argument',
      `${what}: ${inspect(name)} is not a valid name in WGSL; expected letters, digits and _`,
    );
}

function needed<T>(what: string, value: readonly T[] | undefined): readonly T[] {
  const found = list(what, value);
  if (found === undefined) throw new EwaldError('Argument', `${what} is undefined; expected an array`);
  return found;
}

/** Validates a descriptor. Throws `Argument`. */
export function checkFunction(descriptor: FunctionDescriptor): void {
  const what = 'frameFunction';
  const fields = ['name', 'source', 'dtype', 'width', 'height', 'results', 'params', 'tables'];
  knownOptions(what, descriptor, fields);
  const { name, source, dtype, width, height } = descriptor;
  for (const [field, text] of [
    ['name', name],
    ['source', source],
  ])
    if (typeof text !== 'string' || text === '')
      throw new EwaldError('Argument', `${what}: ${field} is ${inspect(text)}; expected a string`);
  checkedValue(`${what}: dtype`, dtype, row.required(row.choice(Object.keys(udfNumbers) as PassDtype[])));
  checkedValue(`${what}: width`, width, row.required(row.integer(1, 65536)));
  checkedValue(`${what}: height`, height, row.required(row.integer(1, 2 ** 24)));
  const names = new Set<string>();
  const taken = (whose: string, one: string): void => {
    checkWgslName(`${what}: ${whose}`, one);
    if (names.has(one)) throw new EwaldError('Argument', `${what}: ${inspect(one)} is declared twice`);
    names.add(one);
  };
  for (const param of needed(`${what}: params`, descriptor.params)) taken('params', param);
  for (const result of needed(`${what}: results`, descriptor.results)) {
    taken('results', result?.name);
    checkedValue(`${what}: kind of ${result.name}`, result.kind, row.required(row.choice(['nav', 'group'])));
    const types = Object.keys(functionArrays) as FunctionResult['type'][];
    checkedValue(`${what}: type of ${result.name}`, result.type, row.required(row.choice(types)));
    checkedValue(`${what}: numbers of ${result.name}`, result.numbers, row.required(row.integer(1, most)));
  }
  for (const table of needed(`${what}: tables`, descriptor.tables)) {
    taken('tables', table?.name);
    checkedValue(`${what}: kind of ${table.name}`, table.kind, row.required(row.choice(['nav', 'fixed'])));
    checkedValue(`${what}: numbers of ${table.name}`, table.numbers, row.required(row.integer(1, most)));
  }
}

interface ArrayType {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };
}

function checkArray(what: string, value: unknown, type: ArrayType, length: number): void {
  if (value instanceof type && lengthOf(value) === length) return;
  throw new EwaldError('Shape', `${what} is ${inspect(value)}; expected ${withArticle(type.name)} of ${length}`);
}

/** Validates the arrays of a run against the function. Throws `Argument` or `Shape`. */
export function checkFunctionRun(descriptor: FunctionDescriptor, run: FunctionRun): void {
  const what = 'frameFunction.run';
  knownOptions(what, run, ['frames', 'count', 'positions', 'params', 'tables', 'results']);
  const count = checkedValue(`${what}: count`, run.count, row.required(row.integer(0, 2 ** 31)));
  const { dtype, width, height, params, tables, results } = descriptor;
  const pixels = count * width * height;
  const type = numberTypes[dtype] as ArrayType;
  // A buffer with room for more frames is accepted.
  if (!(run.frames instanceof type && lengthOf(run.frames) > pixels))
    checkArray(`${what}: frames`, run.frames, type, pixels);
  checkArray(`${what}: positions`, run.positions, Uint32Array, count);
  checkArray(`${what}: params`, run.params, Float32Array, params.length);
  const given = { tables: needed(`${what}: tables`, run.tables), results: needed(`${what}: results`, run.results) };
  for (const [field, declared] of [
    ['tables', tables],
    ['results', results],
  ] as const) {
    if (given[field].length !== declared.length)
      throw new EwaldError(
        'Shape',
        `${what}: there are ${given[field].length} ${field}; ` +
          `expected ${declared.length}: ${declared.map(({ name }) => name).join(', ')}`,
      );
    for (const [i, { name, kind, numbers, ...rest }] of declared.entries()) {
      const type = 'type' in rest ? functionArrays[rest.type as FunctionResult['type']] : Float32Array;
      checkArray(`${what}: ${name}`, given[field][i], type, kind === 'nav' ? numbers * count : numbers);
    }
  }
}
