/** Texts for console.log: Node, Deno and Bun look up a symbol, so nothing has to be imported from them. */

const symbol = Symbol.for('nodejs.util.inspect.custom');

/** Defines the text that console.log and String() give for the instances of a class, or for one object. */
export function shownAs<T extends object>(target: T, describe: (this: T) => string): void {
  function value(this: T): string {
    try {
      return describe.call(this);
    } catch {
      // Disposed or transferred objects must still be printable.
      return `${this.constructor?.name ?? 'object'} (not readable)`;
    }
  }
  Object.defineProperty(target, symbol, { value, configurable: true });
  // A library may have a function of that name.
  if (!Object.hasOwn(target, 'toString'))
    Object.defineProperty(target, 'toString', { value, configurable: true, writable: true });
}

const most = 8;

/** A list as text, cut after a few elements: `[1, 2, … 98 more]`. */
export function listed(values: Iterable<unknown>, length: number): string {
  const shown: string[] = [];
  for (const value of values) {
    if (shown.length >= most) break;
    shown.push(
      typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : one(value),
    );
  }
  const rest = length - shown.length;
  return `[${shown.join(', ')}${rest > 0 ? `, … ${rest} more` : ''}]`;
}

function one(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const inspect = (value as Record<symbol, unknown>)[symbol];
  return typeof inspect === 'function' ? String(inspect.call(value)) : JSON.stringify(value);
}
