/** Rows of different lengths with one table of addresses: an extension beyond the original's rectangles. */

import { expectsNumbers } from '../../base/arguments.js';
import { EwaldError } from '../../base/errors.js';
import { knownOptions, shown } from '../../base/options.js';
import { notContiguous, otherFormat } from './collect.js';
import { BufferError } from './errors.js';
import { parseFormat, type TypedArray, type Value, type ValueOf } from './format.js';
import type { MemoryOptions } from './indirect.js';
import { type Parts, type Row, Rows } from './rows.js';
import { type ArrayLike, elementCount, expectsRows, isContiguous, type Source, sourceInMemory } from './source.js';
import { jsMemory, type MemorySpace } from './space.js';

/** Rows of one format with individual lengths: spots of images, frames of a stack, panels of a detector. */
export class RaggedRows<V extends Value = Value> extends Rows<V> {
  private constructor(parts: Parts) {
    super('RaggedRows', parts);
  }

  /** New rows of the given lengths, filled with zeros. */
  static create<F extends string>(
    lengths: ArrayLike_<number>,
    format: F,
    options: MemoryOptions = {},
  ): RaggedRows<ValueOf<F>> {
    knownOptions('RaggedRows.create', options, ['memory', 'readonly']);
    const space = options.memory ?? jsMemory;
    const parsed = parseFormat(format, space.model);
    let total = 0;
    const starts = Array.from(lengths, (length) => {
      if (!Number.isSafeInteger(length) || length < 0)
        throw new EwaldError('Argument', `a row has the length ${shown(length)}; expected a whole number from 0`);
      total += length;
      return total - length;
    });
    const data = space.allocate(total * parsed.size, 'RaggedRows');
    const rows = starts.map(
      (start, i): Row => ({ span: data, offset: start * parsed.size, bytes: (lengths[i] ?? 0) * parsed.size }),
    );
    return new RaggedRows({ space, format: parsed, rows, readonly: options.readonly ?? false, owned: [data] });
  }

  /** Rows from typed arrays, buffers and memory of a library, without a copy; all of one format. */
  static fromRows(
    rows: Iterable<ArrayLike>,
    options: MemoryOptions & { readonly format?: string | undefined } = {},
  ): RaggedRows {
    expectsRows('RaggedRows.fromRows', rows);
    knownOptions('RaggedRows.fromRows', options, ['memory', 'readonly', 'format']);
    const sources: Source[] = [];
    let text = options.format === undefined ? undefined : parseFormat(options.format, options.memory?.model).text;
    for (const value of rows) {
      const i = sources.length;
      const source = sourceInMemory(value, `row ${i}`, options.memory ?? sources[0]?.space);
      if (!isContiguous(source)) throw notContiguous(i);
      text ??= source.format;
      if (source.format !== text) throw otherFormat(i, source.format, text, options.format !== undefined);
      sources.push(source);
    }
    const [first] = sources;
    if (text === undefined)
      throw new BufferError('ROWS', 'there are no rows, so there is no format; pass one: { format }');
    const space = first?.space ?? options.memory ?? jsMemory;
    return new RaggedRows({
      space,
      format: parseFormat(text, space.model),
      rows: sources.map(
        (source): Row => ({ span: source.span, offset: source.offset, bytes: elementCount(source) * source.size }),
      ),
      readonly: (options.readonly ?? false) || sources.some(({ readonly }) => readonly),
      held: sources.flatMap(({ held }) => (held ? [held] : [])),
    });
  }

  /**
   * Rows of flat data: row i consists of the elements `offsets[i]` to `offsets[i + 1] - 1`, times `width`. No copy.
   *
   * @param data Flat elements.
   * @param offsets One more than the number of rows, in ascending order.
   * @param options `width`: elements per unit of the offsets, 3 for spots with x, y, z; default 1.
   */
  static fromFlat(
    data: ArrayLike,
    offsets: ArrayLike_<number>,
    options: MemoryOptions & { readonly width?: number | undefined } = {},
  ): RaggedRows {
    knownOptions('RaggedRows.fromFlat', options, ['memory', 'readonly', 'width']);
    const source = sourceInMemory(data, 'the data', options.memory);
    if (source.shape.length !== 1)
      throw new BufferError('NDIM', `the data have ${source.shape.length} dimensions; expected 1`);
    expectsNumbers('RaggedRows.fromFlat: the offsets', offsets);
    const width = options.width ?? 1;
    const count = offsets.length - 1;
    if (count < 0) throw new BufferError('ROWS', 'offsets is missing; expected one more than there are rows');
    const held = elementCount(source);
    const rows = Array.from({ length: count }, (_, i): Row => {
      const [start = 0, stop = 0] = [offsets[i], offsets[i + 1]];
      if (!(start >= 0 && stop >= start && stop * width <= held)) {
        throw new BufferError(
          'SHAPE',
          `row ${i} has the offsets ${start} to ${stop}; expected increasing ones up to ${held / width}`,
          { row: i },
        );
      }
      return { span: source.span, offset: start * width * source.size, bytes: (stop - start) * width * source.size };
    });
    const format = parseFormat(source.format, source.space.model);
    return new RaggedRows({
      space: source.space,
      format,
      rows,
      readonly: (options.readonly ?? false) || source.readonly,
      held: source.held ? [source.held] : [],
    });
  }

  /** Elements of each row. */
  get lengths(): number[] {
    return Array.from({ length: this.rowCount }, (_, i) => this.columnsOf(i));
  }

  /** All elements in order, and the start of each row: a copy. */
  toFlat(): { data: TypedArray; offsets: Uint32Array } {
    const offsets = new Uint32Array(this.rowCount + 1);
    this.lengths.forEach((length, i) => {
      offsets[i + 1] = (offsets[i] ?? 0) + length;
    });
    return { data: this.toTypedArray(), offsets };
  }

  /** The same elements in another memory: see IndirectMemory2D.stage. */
  stage(space: MemorySpace, options: { readonly copyBack?: boolean | undefined } = {}): RaggedRows<V> {
    this.assertAlive();
    knownOptions('stage', options, ['copyBack']);
    const unlock = this.lock();
    const format = parseFormat(this.format, space.model);
    if (space.kind !== 'wasm' && this.space.kind !== 'wasm') {
      const rows = Array.from({ length: this.rowCount }, (_, i): Row => {
        const { span, offset, bytes } = this.rowAt(i);
        const view = span.view();
        return { span: space.locate(view.buffer, view.byteOffset, view.byteLength) ?? span, offset, bytes };
      });
      return new RaggedRows<V>({ space, format, rows, readonly: this.isReadonly, onDispose: unlock });
    }
    let staged: RaggedRows<V>;
    try {
      staged = RaggedRows.create(this.lengths, this.format, { memory: space }) as unknown as RaggedRows<V>;
    } catch (error) {
      unlock();
      throw error;
    }
    copyRows(this as unknown as Rows, staged as unknown as Rows);
    const back = !this.isReadonly && (options.copyBack ?? true);
    const rows = Array.from({ length: staged.rowCount }, (_, i) => staged.rowAt(i));
    const onDispose = (): void => {
      if (back) copyRows(staged as unknown as Rows, this as unknown as Rows);
      staged.dispose();
      unlock();
    };
    return new RaggedRows<V>({ space, format, rows, readonly: this.isReadonly, onDispose });
  }
}

interface ArrayLike_<T> {
  readonly length: number;
  readonly [index: number]: T;
  [Symbol.iterator](): Iterator<T>;
}

function copyRows(from: Rows, to: Rows): void {
  for (let i = 0; i < from.rowCount; i++) {
    const source = from.rowAt(i);
    const target = to.rowAt(i);
    const view = source.span.view();
    const goal = target.span.view();
    new Uint8Array(goal.buffer, goal.byteOffset + target.offset, target.bytes).set(
      new Uint8Array(view.buffer, view.byteOffset + source.offset, source.bytes),
    );
  }
}
