/**
 * The errors of ewald: one class, a tag for the kind, and a message that states what was found, what was expected and
 * what to do.
 *
 * Test with `isEwaldError(error, 'Shape')` rather than `instanceof`, so that it works across duplicate copies of the
 * package. Structured cloning (`postMessage`) turns every error into a plain `Error`; `isEwaldError` knows one that was an
 * EwaldError by its stack, and gives it its class and tag again. Its detail is lost: send `error.toPlain()`, which keeps
 * that too and works in Firefox, and restore it with `EwaldError.from`.
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

/** An error as plain data, which structured cloning and JSON keep whole. */
export interface PlainError {
  /** `EwaldError`, or the name of another error. */
  readonly name: string;
  /** The tag of an EwaldError, otherwise undefined. */
  readonly tag?: EwaldErrorTag | undefined;
  readonly message: string;
  readonly stack: string;
  /** The numbers, strings and booleans of the detail of an EwaldError. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: PlainError | undefined;
}

/** The head of a stack: all that cloning leaves of a tag. */
const headOfStack = /^EwaldError \[(\w+)\]/;

/** An error of ewald; `tag` is its kind, `detail` the values of the message for programs. */
export class EwaldError extends Error {
  // Node prints the name of the class as well, which is a letter in minified code. Bundlers drop a field with the
  // class, where a static block would keep both.
  static override readonly name: string = 'EwaldError';

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
    // As Node states the codes of its errors. Stacks of some engines have no head.
    const headed = this.stack?.replace(/^(Ewald)?Error(?=:|\n|$)/, `EwaldError [${tag}]`);
    if (headed !== undefined && headed !== this.stack) this.stack = headed;
  }

  /**
   * Restores an error that was sent: what `toPlain` returned, or what structured cloning left of an EwaldError, which
   * in Node and Chromium is everything but `detail`. Returns an EwaldError itself, and undefined for anything else.
   */
  static from(value: unknown): EwaldError | undefined {
    if (isEwaldError(value)) return value;
    return safely(() => {
      const { name, tag, message, stack, detail, cause } = value as PlainError;
      const given = value instanceof Error ? headOfStack.exec(stack)?.[1] : name === 'EwaldError' && tag;
      if (typeof given !== 'string' || typeof message !== 'string') return undefined;
      return errorFromPlain({ name, tag: given as EwaldErrorTag, message, stack, detail, cause }) as EwaldError;
    });
  }

  /** The error and its causes as plain data, for `postMessage` and for JSON; `EwaldError.from` restores them. */
  toPlain(): PlainError {
    return plainError(this);
  }
}

/** Reads something of a value that was thrown: a Proxy or a getter may throw in turn. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Causes beyond this depth are omitted: a chain may be a ring. */
const deepestCause = 8;

/** An error, or anything else thrown, as plain data; never throws. */
export function plainError(error: unknown, depth = 0): PlainError {
  const of = safely(() => (error instanceof Error ? { name: error.name, stack: error.stack, cause: error.cause } : {}));
  // Some libraries set names and messages to values that are not strings.
  const plain = { name: messageOf(of?.name ?? 'Error'), message: messageOf(error), stack: messageOf(of?.stack ?? '') };
  const cause = of?.cause !== undefined && depth < deepestCause ? { cause: plainError(of.cause, depth + 1) } : {};
  if (!isEwaldError(error)) return { ...plain, ...cause };
  return { ...plain, tag: error.tag, detail: plainDetail(error.detail), ...cause };
}

/** The members of an error detail that are sent. */
export const plainDetail = (detail: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(detail).filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value)),
  );

/** The built-in error classes, so that a TypeError is again a TypeError. */
const classes: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** The error that `plainError` was given: its class, name, message, tag, detail, stack and causes. */
export function errorFromPlain({ tag, name, message, stack, detail, cause }: PlainError): Error {
  const Class = (Object.hasOwn(classes, name) ? classes[name] : undefined) ?? Error;
  const error = tag === undefined ? new Class(message) : new EwaldError(tag, message, detail ? { detail } : {});
  // As engines set them: not enumerable.
  const set = (key: 'name' | 'stack' | 'cause', value: unknown): unknown =>
    Object.defineProperty(error, key, { value, configurable: true, writable: true });
  if (tag === undefined) set('name', name);
  if (stack) set('stack', stack);
  if (cause !== undefined) set('cause', EwaldError.from(cause) ?? (isPlain(cause) ? errorFromPlain(cause) : cause));
  return error;
}

const isPlain = (cause: PlainError): boolean => !(cause instanceof Error) && typeof cause.message === 'string';

/** Gives what structured cloning left of an EwaldError its class and tag again; false for any other error. */
function regained(error: Error): boolean {
  const tag = error.name === 'Error' ? headOfStack.exec(error.stack ?? '')?.[1] : undefined;
  if (tag === undefined || Object.getPrototypeOf(error) !== Error.prototype) return false;
  Object.setPrototypeOf(error, EwaldError.prototype);
  Object.assign(error, { name: 'EwaldError', tag, detail: {} });
  return true;
}

/** Whether `error` is an ewald error, and of kind `tag` if one is given, which the type of its tag then is. */
export function isEwaldError<Tag extends EwaldErrorTag = EwaldErrorTag>(
  error: unknown,
  tag?: Tag,
): error is EwaldError & { readonly tag: Tag } {
  const isOne = safely(
    () =>
      error instanceof Error &&
      (error.name === 'EwaldError' || regained(error)) &&
      'tag' in error &&
      (tag === undefined || error.tag === tag),
  );
  return isOne ?? false;
}

/** The message of any thrown value; never throws. */
export function messageOf(error: unknown): string {
  // Errors of a GPU are not instances of Error, and some libraries set messages that are not strings.
  const text = safely(() => {
    const message = (error as { readonly message?: unknown } | null | undefined)?.message;
    return String(typeof message === 'string' || error instanceof Error ? message : error);
  });
  return text ?? 'something that cannot be shown';
}
