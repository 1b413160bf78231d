/** The product of some numbers; 1 without any. */
export const product = (numbers: readonly number[]): number => numbers.reduce((all, n) => all * n, 1);
