/** Stretches of a mask. */

/** From `first` to before `end`. */
export type Stretch = readonly [first: number, end: number];

/** The stretches of numbers that are not 0 in `mask`, and are 0 in `without` if it is given. */
export function stretchesOf(mask: ArrayLike<number>, without?: ArrayLike<number>): Stretch[] {
  const found: Stretch[] = [];
  let first = -1;
  for (let i = 0; i <= mask.length; i++) {
    const isIn = i < mask.length && mask[i] && !without?.[i];
    if (isIn && first < 0) first = i;
    else if (!isIn && first >= 0) {
      found.push([first, i]);
      first = -1;
    }
  }
  return found;
}
