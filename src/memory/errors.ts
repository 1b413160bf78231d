/** Errors of memory: an EwaldError with a code that corresponds to the buffer errors of the original. */
import { EwaldError, type EwaldErrorTag } from '../util/errors.js';

/** The kind of an error. */
export type BufferErrorCode =
  /** An attempt to write read-only memory. */
  | 'READONLY'
  /** Views are alive, or another memory still uses this one. */
  | 'LOCKED'
  | 'NDIM'
  | 'SHAPE'
  | 'FORMAT'
  | 'ITEMSIZE'
  | 'COLUMNS'
  /** Elements are not contiguous. */
  | 'CONTIGUITY'
  | 'ROWS'
  /** A row or column outside the memory. */
  | 'INDEX'
  /** A value the format cannot hold. */
  | 'VALUE'
  /** The memory is in another space than required. */
  | 'SPACE'
  /** The memory, or the buffer that it refers to, no longer exists. */
  | 'DISPOSED';

const tags: Partial<Record<BufferErrorCode, EwaldErrorTag>> = {
  READONLY: 'Argument',
  LOCKED: 'Argument',
  INDEX: 'Argument',
  VALUE: 'Argument',
  SPACE: 'Argument',
  DISPOSED: 'Disposed',
};

/** An error of `ewald/memory`; its tag is `Shape`, `Argument` or `Disposed`, its `code` is more specific. */
export class BufferError extends EwaldError {
  // As for EwaldError: Node prints the name of the class, which is a letter in minified code.
  static override readonly name: string = 'BufferError';

  readonly code: BufferErrorCode;

  constructor(code: BufferErrorCode, message: string, detail: Record<string, unknown> = {}) {
    super(tags[code] ?? 'Shape', message, { detail: { ...detail, code } });
    this.code = code;
  }
}
