/** Formats numbers exactly as C's printf does, for readers of fixed columns and for byte comparisons. */

/** `%W.Df`, or `%+W.Df` with `plus`. Ties go to the even digit, as C rounds exact halves. */
export function fixed(x: number, digits: number, width = 0, plus = false): string {
  let text: string;
  if (Number.isNaN(x)) text = 'nan';
  else if (!Number.isFinite(x)) text = x < 0 ? '-inf' : 'inf';
  else {
    const scaled = Math.abs(x) * 10 ** digits;
    // JavaScript rounds halves up. A number is only an exact half of the last digit if its product with the power of
    // ten is exact.
    const tie = scaled < 2 ** 52 && scaled % 1 === 0.5 && scaled / 10 ** digits === Math.abs(x) && isExact(x, digits);
    const magnitude = tie ? evenOf(scaled) / 10 ** digits : Math.abs(x);
    text = `${x < 0 || Object.is(x, -0) ? '-' : ''}${magnitude.toFixed(digits)}`;
  }
  return (plus && !text.startsWith('-') ? `+${text}` : text).padStart(width);
}

const evenOf = (scaled: number): number => (Math.floor(scaled) % 2 === 0 ? Math.floor(scaled) : Math.ceil(scaled));

// Whether |x| is a whole multiple of half the last digit: 2^(digits + 1) x is then whole, because 10^-d = 2^-d 5^-d.
const isExact = (x: number, digits: number): boolean => (x * 2 ** (digits + 1)) % 1 === 0;

/** `%.De`, with at least two digits of exponent. */
export function exponential(x: number, digits: number): string {
  if (!Number.isFinite(x)) return fixed(x, 0);
  return x.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `%Wi`. */
export const whole = (x: number, width = 0): string => String(Math.trunc(x)).padStart(width);
