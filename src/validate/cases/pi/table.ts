/** The case table of pi: every count must equal the oracle's to the last point. */
import type { Context } from '../../../context/rooms.js';
import { exactCount } from '../../bounds.js';
import type { RoomTable, Row } from '../../case.js';
import { worstInteger } from '../../compare.js';
import { countInside, type Points } from '../../oracle/pi/philox.js';

// Counts that run one after another on one plan; the result is a list of hits.
interface Counts {
  readonly threads: number;
  readonly runs: readonly Points[];
  /** Submits all runs at once instead of one after another. */
  readonly atOnce?: boolean;
  /** Hits that the oracle has found earlier, for counts that take it seconds. */
  readonly known?: readonly bigint[];
}

/** The value of `2^34-1000`, `1e6` or `12`. */
function amountOf(text: string): bigint {
  const term = (part: string): bigint => {
    const [base = '', power] = part.split('^');
    if (power !== undefined) return BigInt(base) ** BigInt(power);
    const [digits = '', exponent] = base.split('e');
    return BigInt(digits) * 10n ** BigInt(exponent ?? 0);
  };
  return text
    .split(/(?=[+-])/)
    .reduce((sum, part) => (part.startsWith('-') ? sum - term(part.slice(1)) : sum + term(part.replace('+', ''))), 0n);
}

const wasmPointsPerSecond = 2.5e8;

const totalOf = (runs: readonly Points[]): number => runs.reduce((sum, { points }) => sum + Number(points), 0);

function makeRow(
  id: string,
  about: string,
  make: (seed: bigint) => Counts,
  extra: Partial<Row<Counts, readonly bigint[]>> = {},
): Row<Counts, readonly bigint[]> {
  const amount = totalOf(make(0n).runs);
  return {
    id,
    about,
    cost: amount / wasmPointsPerSecond + make(0n).runs.length * 1e-5,
    work: { amount, unit: 'points' },
    make: (seed) => make(BigInt(seed)),
    oracle: ({ runs, known }) => known ?? runs.map(countInside),
    async plan(context: Context, { threads, runs, atOnce }) {
      const plan = await context.pi({ threads });
      return {
        async run() {
          if (atOnce) return (await Promise.all(runs.map((points) => plan.run(points)))).map(({ hits }) => hits);
          const hits: bigint[] = [];
          for (const points of runs) hits.push((await plan.run(points)).hits);
          return hits;
        },
        dispose: () => plan.dispose(),
      };
    },
    compare(found, expected) {
      const { error, note } = worstInteger(found, expected);
      const off = expected.map((hits, i) => Math.abs(Number(hits - (found[i] ?? 0n))));
      return { errors: { hits: error }, samples: { 'hits, points off': off }, note };
    },
    bounds: () => ({ hits: exactCount }),
    ...extra,
  };
}

/** What an address specifies besides `points`; what it omits is 0, or for the seed the hash of the address. */
interface Where {
  readonly seed?: string;
  readonly stream?: string;
  readonly first?: string;
  readonly threads?: number;
}

function countRow(
  points: string,
  where: Where,
  about: string,
  extra?: Partial<Row<Counts, readonly bigint[]>>,
  known?: bigint,
) {
  const id = ['pi:count', ...Object.entries({ ...where, points }).map(([name, value]) => `${name}=${value}`)].join(':');
  const make = (seed: bigint): Counts => ({
    threads: where.threads ?? 0,
    runs: [
      {
        points: amountOf(points),
        seed: where.seed === undefined ? seed : amountOf(where.seed),
        stream: Number(amountOf(where.stream ?? '0')),
        first: amountOf(where.first ?? '0'),
      },
    ],
    ...(known === undefined ? {} : { known: [known] }),
  });
  return makeRow(id, about, make, extra);
}

/** The whole range, and the same points in pieces of odd sizes: [whole, piece, piece, …]. */
function splitRow(points: string, pieces: number, first: string, about: string) {
  return makeRow(`pi:split:first=${first}:points=${points}:pieces=${pieces}`, about, (seed) => {
    const [begin, all] = [amountOf(first), amountOf(points)];
    const whole = { points: all, seed, stream: 0, first: begin };
    const runs: Points[] = [whole];
    for (let piece = 0n, at = 0n; piece < pieces; piece++) {
      const end = piece === BigInt(pieces) - 1n ? all : ((piece + 1n) * all) / BigInt(pieces) + (piece % 4n);
      runs.push({ ...whole, first: begin + at, points: end - at });
      at = end;
    }
    return { threads: 0, runs };
  });
}

function singleRow(first: string, points: number, about: string) {
  return makeRow(`pi:single:first=${first}:points=${points}`, about, (seed) => ({
    threads: 0,
    runs: Array.from({ length: points }, (_, i) => ({
      points: 1n,
      seed,
      stream: 0,
      first: amountOf(first) + BigInt(i),
    })),
  }));
}

const plainLoop = {
  name: 'plain JavaScript',
  // A fifth of a second of this work is enough to determine a rate.
  run({ runs }: Counts): number {
    const [first] = runs;
    if (!first) return 0;
    const points = first.points < 2000000n ? first.points : 2000000n;
    countInside({ ...first, points });
    return Number(points);
  },
};

const rows: readonly Row<Counts, readonly bigint[]>[] = [
  singleRow('0', 256, 'each point by itself: which word of a block is which point'),
  singleRow('2^34-8', 16, 'single points across the carry into the high counter word'),
  ...['1', '2', '3', '4', '5', '7', '63', '64', '65', '1e3', '65535', '65536', '65537', '1e6', '1e7'].map((points) =>
    countRow(points, {}, 'counts around blocks, lanes and workgroups'),
  ),
  ...['0', '1', '7', '2^32-1', '2^32', '2^63+5', '2^64-1'].map((seed) =>
    countRow('1e6', { seed, first: '3' }, 'both key words, and a first block that is cut'),
  ),
  ...['1', '2^31', '2^32-1'].map((stream) => countRow('1e5', { stream }, 'the third counter word')),
  ...['1', '2', '3', '5', '2^32-5', '2^34-4', '2^34-1000', '2^34-500', '2^36-64', '2^60', '2^63'].map((first) =>
    countRow(
      '2003',
      { first },
      'cut blocks, and the carry into the high counter word inside, at and beside a vector of lanes',
    ),
  ),
  countRow('262145', { first: '2^34-131072' }, 'a carry in the middle of a long stretch'),
  countRow('70000', { first: '2^64-70001' }, 'the last points there are'),
  splitRow('1000003', 7, '1', 'pieces make the whole'),
  splitRow('300007', 16, '2^34-150000', 'pieces make the whole across the carry'),
  ...[1, 2, 3, 7].map((threads) =>
    countRow('5e6', { first: '1', threads }, 'every split over threads counts the same'),
  ),
  // The oracle takes seconds for these: its answers are pinned here, and the soak computes them again.
  countRow('1e8', { seed: '0', threads: 0 }, 'a hundred million points', { bench: true }, 78537092n),
  countRow('1e8', { seed: '7', first: '3' }, 'a hundred million points, cut at both ends', {}, 78541209n),
  countRow('1e8', { seed: '2026', first: '2^34-5e7-1' }, 'a hundred million points across the carry', {}, 78538958n),
  countRow('3e7', { threads: 1 }, 'one core: what an instruction set is worth', {
    bench: true,
    peers: [plainLoop],
    targets: [
      { backend: 'wasm', over: plainLoop.name, ratio: 4 },
      { backend: 'native', over: 'wasm', ratio: 2 },
    ],
  }),
  makeRow('pi:queue:runs=8', 'runs submitted at once to one plan keep their answers apart', (seed) => ({
    threads: 0,
    atOnce: true,
    runs: Array.from({ length: 8 }, (_, i) => ({ points: BigInt(1000 + i), seed, stream: i, first: BigInt(i) })),
  })),
];

export const piTable: RoomTable = { name: 'pi', rows: rows as readonly Row[], sample: 'pi:count:points=1e3' };
