/**
 * The errors of ewald: one class, a tag for the kind, and a message that states what was found, what was expected and
 * what to do.
 *
 * Test with `isEwaldError(error, 'Shape')` rather than `instanceof`: it works across workers and duplicate copies of
 * the package.
 */

/** Kinds of errors, each with the condition under which it is thrown. */
export type EwaldErrorTag =
  /** An option, argument or environment variable has a value outside its range, or an unknown name. */
  | 'Argument'
  /** A buffer or array has the wrong length, dtype or order. */
  | 'Shape'
  /** A file or text does not follow its format; the message names the line or the offset. */
  | 'Format'
  /** A file or address could not be opened, read or written; the message names it and gives the reason. */
  | 'File'
  /** The request exceeds what the descriptor or the device allows. */
  | 'Limit'
  /** No available backend supports the request. */
  | 'Unsupported'
  /** A module, addon or library could not be loaded; the message names what was tried. */
  | 'Load'
  /** Memory ran out; the message gives the requested and the available amount. */
  | 'OutOfMemory'
  /** Something was used after its disposal, or iterated again after its end. */
  | 'Disposed'
  /** The GPU device was lost; create a new context. */
  | 'DeviceLost'
  /** An AbortSignal aborted the work. */
  | 'Aborted'
  /** A worker, rank or server disappeared during the work or did not answer. */
  | 'Lost'
  /** A result failed its audit or validation. */
  | 'Mismatch'
  /** A defect of ewald itself. */
  | 'Internal';

/** An error of ewald; `tag` is its kind, `detail` the values of the message for programs. */
export class EwaldError extends Error {
  static {
    // Node prints the name of the class as well, which is a letter in minified code.
    Object.defineProperty(EwaldError, 'name', { value: 'EwaldError' });
  }

  override readonly name = 'EwaldError';
  readonly tag: EwaldErrorTag;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    tag: EwaldErrorTag,
    message: string,
    options: { cause?: unknown; detail?: Record<string, unknown> | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.tag = tag;
    this.detail = options.detail ?? {};
  }
}

/** Whether `error` is an ewald error, and of kind `tag` if one is given. */
export function isEwaldError(error: unknown, tag?: EwaldErrorTag): error is EwaldError {
  return (
    error instanceof Error && error.name === 'EwaldError' && 'tag' in error && (tag === undefined || error.tag === tag)
  );
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  // Errors of a GPU are not instances of Error.
  const message = (error as { readonly message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : String(error);
}
