/** How things look in console.log: Node, Deno and Bun ask for it by a symbol, so nothing of them is imported. */

const symbol = Symbol.for('nodejs.util.inspect.custom');

/** Gives the instances of a class, or one object, a text for console.log. */
export function shownAs<T extends object>(target: T, describe: (this: T) => string): void {
  Object.defineProperty(target, symbol, {
    value(this: T): string {
      try {
        return describe.call(this);
      } catch {
        // What was disposed or moved away must still be printable.
        return `${this.constructor?.name ?? 'object'} (not readable)`;
      }
    },
    configurable: true,
  });
}

const most = 8;

/** A list as text, cut after a few: `[1, 2, … 98 more]`. */
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
  const own = (value as Record<symbol, unknown>)[symbol];
  return typeof own === 'function' ? String(own.call(value)) : JSON.stringify(value);
}
