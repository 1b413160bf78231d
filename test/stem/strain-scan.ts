/** A simulated strain scan: disks of a lattice whose strain and rotation are known at every position. */

type Pair = [number, number];

/** Every fourth position along each axis of a scan of 64 × 64. */
export const known = {
  n: 16,
  sig: 128,
  radius: 5,
  zero: [63.3, 64.4] as Pair,
  a: [3.1, 21.2] as Pair,
  b: [20.7, -2.4] as Pair,
};

/** Strain and rotation at a position. */
export function truthAt(y: number, x: number, { n } = known) {
  const [u, v] = [x / (n - 1) - 0.5, y / (n - 1) - 0.5];
  return { eyy: 0.02 * v, exx: 0.03 * u, exy: 0.01 * Math.sin(2 * Math.PI * u) * v, theta: 0.01 * u };
}

/** Numbers from 0 to 1. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A count of a Poisson distribution; above 30 of a normal one. */
function counts(mean: number, next: () => number): number {
  if (mean > 30)
    return Math.max(
      0,
      Math.round(mean + Math.sqrt(mean) * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
    );
  const limit = Math.exp(-mean);
  let k = 0;
  for (let product = next(); product > limit; product *= next()) k++;
  return k;
}

/** A scan of another lattice; `descan` moves all disks along y with the columns, by this many pixels in all. */
export interface StrainScan {
  readonly n: number;
  readonly sig: number;
  readonly radius: number;
  readonly zero: Pair;
  readonly a: Pair;
  readonly b: Pair;
  readonly seed?: number;
  readonly descan?: number;
}

/** Frames [n, n, sig, sig]: 60 counts in the middle, disks tilted inside by up to 30 %, a background of 0.5 counts. */
export function scanOf({ n, sig, radius, zero, a, b, seed = 12345, descan = 0 }: StrainScan = known): Uint16Array {
  const next = generator(seed);
  const out = new Uint16Array(n * n * sig * sig);
  for (let position = 0; position < n * n; position++) {
    const [y, x] = [Math.floor(position / n), position % n];
    const { eyy, exx, exy, theta } = truthAt(y, x);
    const turn = ([p, q]: Pair): Pair => [(1 - eyy) * p + (theta - exy) * q, (-exy - theta) * p + (1 - exx) * q];
    const [av, bv] = [turn(a), turn(b)];
    const mean = new Float64Array(sig * sig).fill(0.5);
    for (let i = -4; i <= 4; i++)
      for (let j = -4; j <= 4; j++) {
        const moved = descan * (x / (n - 1) - 0.5);
        const [cy, cx] = [zero[0] + moved + i * av[0] + j * bv[0], zero[1] + i * av[1] + j * bv[1]];
        if (cy < 10 || cx < 10 || cy > sig - 11 || cx > sig - 11) continue;
        const height = 60 * Math.exp(-(i * i + j * j) / 8) * (i === 0 && j === 0 ? 1 : 0.5);
        const tilt = 0.3 * Math.sin(i + 2 * j + 0.4 * (x + y));
        for (let py = Math.floor(cy - radius - 1); py <= cy + radius + 1; py++)
          for (let px = Math.floor(cx - radius - 1); px <= cx + radius + 1; px++) {
            const inside = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(py - cy, px - cx)));
            const at = py * sig + px;
            mean[at] = (mean[at] as number) + inside * height * (1 + (tilt * (px - cx)) / radius);
          }
      }
    for (const [i, value] of mean.entries()) out[position * sig * sig + i] = counts(value, next);
  }
  return out;
}
