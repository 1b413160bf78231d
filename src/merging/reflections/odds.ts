/** Odds as logarithms: from which on they decide, and how they are said. */

/** ln of the odds above which something is decided, is doubted aloud, and is likely: 1000, 100 and 20 to 1. */
export const [decided, doubted, likely] = [7, 4.6, 3];
/** Share of absent reflections that are not empty. */
export const outliers = 0.02;

/** Odds as people say them. */
export const oddsText = (ln: number): string =>
  ln > Math.log(1e6) ? 'more than 10⁶ : 1' : `${Math.max(1, Math.round(Math.exp(ln)))} : 1`;

/** ln of the sum of two numbers of which the logarithms are given. */
export const lnSum = (a: number, b: number): number => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
