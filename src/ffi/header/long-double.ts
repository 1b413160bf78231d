/**
 * Constants of `long double`, which has more digits than a number: they are kept as a double while that is exact, and are
 * unknown otherwise.
 */
import type { Constant } from './constant.js';

type Float = Constant & { readonly kind: 'float' };

const type = 'long double';
const unknown: Float = { kind: 'float', value: Number.NaN, inexact: 'unknown', type };

/** A literal with the suffix L: its digits, times the base to a power; the double is the nearest one. */
export function longLiteral(value: number, digits: string, base: 2 | 10, power: number): Float {
  const lost = value === 0 ? 0 : distance(value, digits, base, power);
  // C rounds to a long double first, which moves a number by up to 2⁻¹² of that.
  if (!(lost < 0.5 - 2 ** -10)) return unknown;
  return { kind: 'float', value, type, ...(lost > 0 && { inexact: 'rounded' }) };
}

/** How far a number is from the nearest double, in units of the last place of that. */
function distance(value: number, digits: string, base: 2 | 10, power: number): number {
  // No double has more digits, nor a longer exponent.
  if (!Number.isFinite(value) || digits.length > 1100 || Math.abs(power) > 1400) return Number.NaN;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) - 1n);
  let unit = value - bits.getFloat64(0);
  let [whole, shift] = [value, 0];
  for (; !Number.isInteger(unit); shift++) [unit, whole] = [unit * 2, whole * 2];
  const scale = BigInt(base) ** BigInt(Math.abs(power));
  const divisor = power < 0 ? scale : 1n;
  const apart = ((BigInt(digits) * (power > 0 ? scale : 1n)) << BigInt(shift)) - BigInt(whole) * divisor;
  if (apart === 0n) return 0;
  const size = apart < 0n ? -apart : apart;
  // Rounded up, so that what is not 0 stays that.
  return Number((size * 2n ** 20n) / (BigInt(unit) * divisor) + 1n) / 2 ** 20;
}

/** A constant as a `long double`. */
export function toLong(constant: Constant): Float {
  if (constant.kind === 'float') return { ...constant, single: false, type };
  const value = Number(constant.value);
  return BigInt(value) === constant.value ? { kind: 'float', value, type } : unknown;
}

/** A constant as a `float` or `double`; a `float` of a rounded one is unknown, since it would be rounded twice. */
export function fromLong(constant: Constant, single: boolean): Float {
  if (constant.kind === 'float' && (constant.inexact === 'unknown' || (constant.inexact && single)))
    return { kind: 'float', value: Number.NaN, inexact: 'unknown', single };
  const value = Number(constant.value);
  return { kind: 'float', value: single ? Math.fround(value) : value, single };
}

/** The sum, difference, product or quotient of two constants of which one is a `long double`. */
export function combineLong(operator: string, left: Constant, right: Constant): Float {
  const [a, b] = [toLong(left), toLong(right)];
  if (a.inexact || b.inexact) return unknown;
  const value = exactly(operator, a.value, b.value);
  return value === undefined ? unknown : { kind: 'float', value, type };
}

/** The result of an operation if it is a double. */
function exactly(operator: string, a: number, b: number): number | undefined {
  if (operator === '-') return exactly('+', a, -b);
  if (operator === '+') {
    const sum = a + b;
    const other = sum - a;
    return a - (sum - other) + (b - other) === 0 ? sum : undefined;
  }
  const value = operator === '*' ? a * b : a / b;
  const [one, two, product] = operator === '*' ? [a, b, value] : [value, b, a];
  if (a === 0 && value === 0) return value;
  // Where the parts of a product neither overflow nor vanish.
  const isSafe = [one, two, product].every((part) => Math.abs(part) < 1e145 && (part === 0 || Math.abs(part) > 1e-130));
  return isSafe && one * two === product && lost(one, two) === 0 ? value : undefined;
}

/** What the product of two numbers loses by rounding, exactly: T. J. Dekker, Numer. Math. 18 (1971) 224. */
function lost(a: number, b: number): number {
  const halves = (x: number): [number, number] => {
    const scaled = 134217729 * x;
    const high = scaled - (scaled - x);
    return [high, x - high];
  };
  const [[ah, al], [bh, bl]] = [halves(a), halves(b)];
  return al * bl - (a * b - ah * bh - al * bh - ah * bl);
}
