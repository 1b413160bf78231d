/**
 * Ward's clustering of scan positions, restricted to neighbours in the scan: repeatedly merges the two clusters whose
 * union adds least to the sum of squares about the means, until the requested number is left. J. H. Ward, J. Am. Stat.
 * Assoc. 58 (1963) 236.
 */
import { EwaldError } from '../../util/errors.js';

/** Two adjacent clusters and the cost of their union; outdated once either of them has grown. */
interface Pair {
  readonly cost: number;
  readonly a: number;
  readonly b: number;
  readonly ages: number;
}

const before = (p: Pair, q: Pair): boolean =>
  p.cost < q.cost || (p.cost === q.cost && (p.a < q.a || (p.a === q.a && p.b < q.b)));

/** The cheapest pair first. */
class Heap {
  readonly #pairs: Pair[] = [];

  push(pair: Pair): void {
    const pairs = this.#pairs;
    let i = pairs.push(pair) - 1;
    for (let up = (i - 1) >> 1; i > 0 && before(pair, pairs[up] as Pair); up = (i - 1) >> 1) {
      pairs[i] = pairs[up] as Pair;
      i = up;
    }
    pairs[i] = pair;
  }

  pop(): Pair | undefined {
    const pairs = this.#pairs;
    const [first, last] = [pairs[0], pairs.pop()];
    if (!last || pairs.length === 0) return first;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down + 1 < pairs.length && before(pairs[down + 1] as Pair, pairs[down] as Pair)) down++;
      if (down >= pairs.length || !before(pairs[down] as Pair, last)) break;
      pairs[i] = pairs[down] as Pair;
      i = down;
    }
    pairs[i] = last;
    return first;
  }
}

/** The positions of a grid that are `there`, each with its existing neighbours along every axis. */
function neighbours(shape: readonly number[], there: ArrayLike<number>): Set<number>[] {
  const touching = Array.from({ length: there.length }, () => new Set<number>());
  let stride = 1;
  for (const length of shape.toReversed()) {
    for (let i = 0; i < there.length; i++) {
      const next = i + stride;
      if (Math.floor(i / stride) % length === length - 1 || !there[i] || !there[next]) continue;
      touching[i]?.add(next);
      touching[next]?.add(i);
    }
    stride *= length;
  }
  return touching;
}

/**
 * Labels 1 … `clusters` of scan positions, [positions], 0 for those that are not `there`; clusters are numbered by
 * their first positions. `features` is [positions, columns] and is replaced by the means of the clusters. Throws
 * `Argument` if the positions form more disconnected regions than `clusters`.
 */
export function wardLabels(
  features: Float64Array,
  shape: readonly number[],
  there: ArrayLike<number>,
  clusters: number,
): Uint32Array {
  const positions = there.length;
  const columns = features.length / positions;
  const touching = neighbours(shape, there);
  const size = Uint32Array.from({ length: positions }, (_, i) => (there[i] ? 1 : 0));
  const age = new Uint32Array(positions);
  const owner = Uint32Array.from(size, (_, i) => i);
  const heap = new Heap();
  const offer = (one: number, other: number): void => {
    const [a, b] = one < other ? [one, other] : [other, one];
    const [n, m] = [size[a] as number, size[b] as number];
    let square = 0;
    for (let k = 0; k < columns; k++)
      square += ((features[a * columns + k] as number) - (features[b * columns + k] as number)) ** 2;
    heap.push({ cost: (square * n * m) / (n + m), a, b, ages: (age[a] as number) + (age[b] as number) });
  };
  for (const [i, near] of touching.entries()) for (const other of near) if (i < other) offer(i, other);
  let left = size.reduce((sum, n) => sum + n, 0);
  while (left > clusters) {
    const pair = heap.pop();
    if (!pair)
      throw new EwaldError(
        'Argument',
        `the scan positions form ${left} disconnected regions, but ${clusters} clusters were requested; ` +
          `expected ${left} or more, or a connected region`,
      );
    const { a, b, ages } = pair;
    // Ages only increase, so an unchanged sum means that both clusters are unchanged.
    if (size[a] === 0 || size[b] === 0 || (age[a] as number) + (age[b] as number) !== ages) continue;
    const [n, m] = [size[a] as number, size[b] as number];
    for (let k = 0; k < columns; k++) {
      const [u, v] = [features[a * columns + k] as number, features[b * columns + k] as number];
      features[a * columns + k] = (n * u + m * v) / (n + m);
    }
    [size[a], size[b], owner[b]] = [n + m, 0, a];
    age[a] = (age[a] as number) + 1;
    const [mine, theirs] = [touching[a] as Set<number>, touching[b] as Set<number>];
    for (const other of theirs) {
      touching[other]?.delete(b);
      if (other === a) continue;
      touching[other]?.add(a);
      mine.add(other);
    }
    theirs.clear();
    for (const other of mine) offer(a, other);
    left--;
  }
  return labelsOf(owner, there);
}

/** Owners precede what they own, so one pass through the scan numbers them. */
function labelsOf(owner: Uint32Array, there: ArrayLike<number>): Uint32Array {
  const labels = new Uint32Array(owner.length);
  let next = 0;
  for (let i = 0; i < owner.length; i++)
    if (there[i]) labels[i] = owner[i] === i ? ++next : (labels[owner[i] as number] as number);
  return labels;
}
