/**
 * Sums spans of 16-bit counts two pixels at a time: a word of 32 bits holds both, and counts below 128 leave room to add
 * many words before one runs into the other. Other counts are summed singly. Nothing is rounded, so the result is that
 * of one pixel after the other; only the time differs.
 */
/** Counts of a pair are below this, of which the sums of a stretch are below 2¹⁶: 127 · 31 · 32 / 2. */
const small = 128;
const wordsAtOnce = 31;
/** The bits of a pair of which one is not small. */
const large = 0xff80ff80;

/** The sums of a stretch of single pixels: of counts, of all sums so far, of squares, and the largest count. */
const single = { sum: 0, weighted: 0, squares: 0, most: 0 };

function addSingly(frame: Uint16Array, from: number, to: number): void {
  // Separate statements: a list of them would be made for each stretch.
  let sum = 0;
  let weighted = 0;
  let squares = 0;
  let most = 0;
  for (let i = from; i < to; i++) {
    const value = frame[i] as number;
    sum += value;
    weighted += sum;
    squares += value * value;
    if (value > most) most = value;
  }
  single.sum = sum;
  single.weighted = weighted;
  single.squares = squares;
  single.most = most;
}

/** The square of both counts of a pair: of the pair times itself exchanged, the upper half. */
const squaresOf = (pair: number): number => Math.imul(pair, (pair >>> 16) | (pair << 16)) >>> 16;

/** The sums of one span. */
export class SpanOfPairs {
  sum = 0;
  squares = 0;
  /** Of counts times their distance from the first pixel. */
  moment = 0;
  /** The largest count, or `known` if none is larger. */
  most = 0;

  /** Sums `count` pixels from `first` on; `pairs` is the same memory as `frame`, and `known` a count that was seen. */
  of(frame: Uint16Array, pairs: Uint32Array, first: number, count: number, known: number): void {
    const end = first + count;
    const begin = first + (first & 1);
    const last = end - (end & 1);
    let sum = 0;
    let squares = 0;
    let moment = 0;
    let most = known;
    if (begin > first) {
      const value = frame[first] as number;
      sum = value;
      squares = value * value;
      if (value > most) most = value;
    }
    for (let at = begin; at < last; ) {
      const to = Math.min(last >> 1, (at >> 1) + wordsAtOnce);
      const length = to - (at >> 1);
      let i = at >> 1;
      let added = 0;
      let weighted = 0;
      let squared = 0;
      let seen = 0;
      for (; i < to - 1; i += 2) {
        const one = pairs[i] as number;
        const other = pairs[i + 1] as number;
        const half = (added + one) | 0;
        added = (half + other) | 0;
        weighted = (weighted + ((half + added) | 0)) | 0;
        squared = (squared + ((squaresOf(one) + squaresOf(other)) | 0)) | 0;
        seen |= one | other;
      }
      if (i < to) {
        const one = pairs[i] as number;
        added = (added + one) | 0;
        weighted = (weighted + added) | 0;
        squared = (squared + squaresOf(one)) | 0;
        seen |= one;
      }
      const next = at + 2 * length;
      if ((seen & large) === 0) {
        const odd = added >>> 16;
        const both = (added & 0xffff) + odd;
        sum += both;
        squares += squared;
        moment += both * (at - first) + 2 * (length * both - (weighted & 0xffff) - (weighted >>> 16)) + odd;
        if (((seen | (seen >>> 16)) & (small - 1)) > most)
          for (let k = at; k < next; k++) if ((frame[k] as number) > most) most = frame[k] as number;
      } else {
        addSingly(frame, at, next);
        sum += single.sum;
        squares += single.squares;
        moment += (next - first) * single.sum - single.weighted;
        if (single.most > most) most = single.most;
      }
      at = next;
    }
    if (end > last && last >= begin) {
      const value = frame[last] as number;
      sum += value;
      squares += value * value;
      moment += value * (last - first);
      if (value > most) most = value;
    }
    this.sum = sum;
    this.squares = squares;
    this.moment = moment;
    this.most = most;
  }
}
