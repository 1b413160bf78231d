/** What memory refuses: an EwaldError with a code, after the buffer errors of the original. */
import { EwaldError, type EwaldErrorTag } from '../base/errors.js';

/** What was wrong. */
export type BufferErrorCode =
  /** Something read-only was to be written. */
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
  /** The memory lies somewhere else than needed. */
  | 'SPACE'
  /** The memory, or what it looks at, is gone. */
  | 'DISPOSED';

const tags: Partial<Record<BufferErrorCode, EwaldErrorTag>> = {
  READONLY: 'Argument',
  LOCKED: 'Argument',
  INDEX: 'Argument',
  VALUE: 'Argument',
  SPACE: 'Argument',
  DISPOSED: 'Disposed',
};

/** An error of `ewald/memory`; its tag is `Shape`, `Argument` or `Disposed`, its `code` says more. */
export class BufferError extends EwaldError {
  readonly code: BufferErrorCode;

  constructor(code: BufferErrorCode, message: string, detail: Record<string, unknown> = {}) {
    super(tags[code] ?? 'Shape', message, { detail: { ...detail, code } });
    this.code = code;
  }
}
