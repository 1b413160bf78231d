/** Parameters of a UDF as its module receives them: 8 bytes each, in the order of the definition. */
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { isAux } from '../functions/aux.js';
import type { MemoryLayout, Region } from './layout.js';

const parameterBytes = 8;

/** Any typed array. */
type Numbers = ArrayBufferView & { readonly length: number };

/** The numbers of an array parameter, in the type in which the module reads them; undefined for a number. */
function numbersOfParameter(what: string, name: string, value: unknown): Numbers | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return undefined;
  const expected = 'expected a number, a boolean, an array of numbers, or auxData of kind sig or single';
  if (isAux(value)) {
    if (value.kind !== 'nav') return value.data;
    throw new EwaldError(
      'Argument',
      `${what} cannot receive the parameter ${name}, auxData with an element per position; ${expected}`,
    );
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as Numbers;
  if (Array.isArray(value) && value.every((one) => typeof one === 'number')) return Float64Array.from(value);
  throw new EwaldError('Argument', `${what} cannot receive the parameter ${name}, ${inspect(value)}; ${expected}`);
}

/** The block of parameters of one instance. */
export class ParameterBlock {
  readonly #block: Region;
  readonly #values: readonly { readonly value: unknown; readonly numbers?: Numbers; readonly region?: Region }[];

  /** Adds the block and its arrays to a layout. Throws `Argument` for values that a module cannot receive. */
  constructor(what: string, params: Readonly<Record<string, unknown>>, layout: MemoryLayout) {
    this.#block = layout.add('the parameters', parameterBytes * Object.keys(params).length);
    this.#values = Object.entries(params).map(([name, value]) => {
      const numbers = numbersOfParameter(what, name, value);
      return numbers ? { value, numbers, region: layout.add(`the parameter ${name}`, numbers.byteLength) } : { value };
    });
  }

  get address(): number {
    return this.#block.address;
  }

  /** Writes the block: numbers as float64, arrays as address and length. */
  write(memory: Uint8Array): void {
    const block = new DataView(memory.buffer, this.#block.address);
    for (const [i, { value, numbers, region }] of this.#values.entries()) {
      const offset = parameterBytes * i;
      if (!numbers || !region) {
        block.setFloat64(offset, Number(value), true);
        continue;
      }
      memory.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), region.address);
      block.setUint32(offset, region.address, true);
      block.setUint32(offset + 4, numbers.length, true);
    }
  }
}
