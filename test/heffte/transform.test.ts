/**
 * Distributed transforms on one rank, on threads and under mpirun: a sample of heFFTe's cases, bad input, lost ranks.
 */
import { type Communicator, selfComm } from 'ewald/communicator';
import { spmd } from 'ewald/executors';
import * as heffte from 'ewald/heffte';
import { describe, expect, test } from 'vitest';
import { mpiPresent, mpirun } from '../support/mpi.js';
import { refused } from '../support/refused.js';
import { tier, variants } from '../support/variants.js';
import { casesFor } from './cases.mjs';

const module = new URL('./rank.mjs', import.meta.url);
const program = new URL('./mpi-rank.mjs', import.meta.url);

describe('a sample of the cases; npm run soak runs all', () => {
  test.each(
    variants(
      [
        [4, 20],
        [7, 4],
        [1, 20],
        [2, 30],
        [6, 8],
        [8, 4],
        [12, 3],
      ],
      2,
    ),
  )('%i threads', { tags: tier }, async (ranks, most) => {
    const argument = casesFor(ranks, { most, shared: true });
    const done = await spmd<number>({ module, function: 'cases', argument }, { ranks });
    expect(done).toEqual(Array(ranks).fill(argument.length));
  });

  test('2 threads on wasm', { tags: 'all' }, async () => {
    const argument = casesFor(2, { most: 12, shared: true, backend: 'wasm' });
    expect(await spmd({ module, function: 'cases', argument }, { ranks: 2 })).toEqual([12, 12]);
  });

  // In shared memory, slices of a batch are interleaved with those of other ranks; wasm works on copies.
  test('a batch of slabs through shared memory on wasm', { tags: 'nightly' }, async () => {
    const slabs = {
      about: 'batch',
      size: [16, 18, 20],
      precision: 'f32',
      batch: 60,
      input: { grid: [1, 1, 4] },
      output: {},
    };
    const argument = ['pencils', 'slabs'].map((decomposition) => ({
      ...slabs,
      options: { decomposition, algorithm: 'shared' },
      backend: 'wasm',
    }));
    expect(await spmd({ module, function: 'cases', argument }, { ranks: 4 })).toEqual([2, 2, 2, 2]);
  });

  test.skipIf(!mpiPresent).each(
    variants([
      [4, 12],
      [1, 6],
      [2, 20],
      [8, 2],
      [12, 1],
    ]),
  )('%i ranks under mpirun', { tags: tier }, async (ranks, most) => {
    const { code, out, err } = await mpirun(ranks, program, 'cases', JSON.stringify({ most, shared: true }));
    expect(code, err).toBe(0);
    expect(out).toContain(`${most} cases`);
  });
});

describe('errors are reported on every rank', () => {
  /** The error of each rank; `what` is a function of bad.mjs. */
  const told = async <T = string>(what: string, ranks: number, argument?: unknown): Promise<T[]> =>
    spmd<T>({ module: new URL('./bad.mjs', import.meta.url), function: what, argument }, { ranks });

  const refusals = (rank: number) => ({
    direction:
      'Argument: heffte: rank 0 was called with direction forward and rank 1 with backward; all ranks need the ' +
      'same direction',
    scale: 'Argument: heffte: rank 0 was called with scale none and rank 1 with full; all ranks need the same scale',
    precision:
      'Argument: heffte: rank 0 was called with precision f32 and rank 1 with f64; all ranks need the same precision',
    batch: 'Argument: heffte: rank 0 was called with batch 1 and rank 1 with 2; all ranks need the same batch',
    'an array that is gone':
      rank === 1
        ? 'Shape: heffte.forward: the input was detached before the run began'
        : 'Argument: heffte: rank 1 could not start this run; see the error of that rank',
    'an output that is gone':
      rank === 1
        ? 'Shape: heffte.forward: the output was detached before the run began'
        : 'Argument: heffte: rank 1 could not start this run; see the error of that rank',
    ...(rank !== 1 && {
      // The lost rank is rank 1, or a rank that has lost it.
      'a plan that was disposed': expect.stringMatching(/^Lost: rank [0-2] ended, freed its communicator or lost/),
    }),
  });

  test.each(['shared', 'alltoallv', 'p2p'])(
    'runs that differ between ranks: %s',
    { tags: 'all' },
    async (algorithm) => {
      const heard = await told<object>('runs', 3, algorithm);
      for (const [rank, mine] of heard.entries()) expect(mine).toEqual(refusals(rank));
    },
  );

  test.skipIf(!mpiPresent).each(['shared', 'alltoallv'])(
    'runs that differ between ranks, under mpirun: %s',
    { tags: 'all' },
    async (algorithm) => {
      const { code, out, err } = await mpirun(3, program, 'runs', JSON.stringify(algorithm));
      expect(code, err).toBe(0);
      const lines = out.split('\n').filter((line) => line.startsWith('{'));
      expect(lines).toHaveLength(3);
      for (const { rank, heard } of lines.map((line) => JSON.parse(line))) expect(heard).toEqual(refusals(rank));
    },
  );

  test('an index that is in no box, or in two', { tags: 'all' }, async () => {
    for (const message of await told('gap', 2))
      expect(message).toBe(
        "Argument: fft3d: inboxes: index (0, 0, 2) is in no rank's box; the boxes reach to (3, 3, 3) and must " +
          'hold every index up to there',
      );
    for (const message of await told('overlap', 2))
      expect(message).toBe(
        'Argument: fft3d: outboxes: index (0, 0, 1) is in the boxes of ranks 0 and 1: (0, 0, 0) to (3, 3, 1) and ' +
          '(0, 0, 1) to (3, 3, 3)',
      );
    for (const message of await told('begin', 2)) expect(message).toContain('begin at (0, 0, 1); expected (0, 0, 0)');
  });

  test('ranks that disagree', { tags: 'all' }, async () => {
    for (const message of await told('worlds', 2)) expect(message).toContain('both must belong to the same world');
    for (const message of await told('halves', 2)) expect(message).toContain('a real transform along axis 1 keeps');
    for (const message of await told('directions', 3))
      expect(message).toBe(
        'Argument: fft3d: ranks 0 and 2 were given different values of the r2c direction; all ranks must pass the same',
      );
    for (const message of await told('algorithms', 2)) expect(message).toContain('different values of algorithm');
  });

  test('a rank that is refused informs the others', async () => {
    const [first, second] = await told('refusedAlone', 2);
    expect(first).toContain('Argument: fft3d: rank 1 could not create its part');
    expect(second).toContain('Argument: heffte: there is no backend "fftv"; did you mean "fftw"?');
  });

  test('invalid arrays of one rank are refused by all, and the plan can still be used', { tags: 'all' }, async () => {
    for (const algorithm of ['shared', 'p2p']) expect(await told('arrays', 2, algorithm)).toEqual(['fine', 'fine']);
  });

  test('a rank that throws between two runs ends the others', { tags: 'nightly' }, async () => {
    for (const algorithm of ['shared', 'alltoallv'])
      await expect(told('throws', 3, algorithm)).rejects.toThrow('rank 1 gave up');
  });

  test('a rank that dies during a run ends the others', { tags: 'all' }, async () => {
    for (const what of ['dies', 'diesShared']) await refused(() => told(what, 3), 'Lost', 'rank 2');
  });

  test.skipIf(!mpiPresent)('a process that dies during a run ends the job', { tags: 'all' }, async () => {
    const { code, err } = await mpirun(3, program, 'dies');
    // The result is null if the job had to be killed.
    expect(code).toBeGreaterThan(0);
    expect(err.length).toBeGreaterThan(20);
  });
});

describe('shared memory', () => {
  const module = new URL('./bad.mjs', import.meta.url);

  test('two plans run at the same time on the same ranks', { tags: 'all' }, async () => {
    for (const algorithm of ['shared', 'p2p'])
      expect(await spmd({ module, function: 'twoPlans', argument: algorithm }, { ranks: 3 })).toEqual(
        Array(3).fill([20, 20]),
      );
  });

  test.skipIf(!mpiPresent)('two plans run at the same time on the same processes', { tags: 'nightly' }, async () => {
    const { code, out, err } = await mpirun(3, program, 'together', JSON.stringify('auto'));
    expect(code, err).toBe(0);
    expect(out).toBe('20,20\n'.repeat(3));
  });

  test('runs for which there is not enough of it exchange messages', { tags: 'all' }, async () => {
    const refusal =
      'OutOfMemory: heffte: 2 × 7680 bytes of memory shared by all ranks could not be allocated; use the algorithm ' +
      'alltoallv, or a smaller batch';
    const found = await spmd({ module, function: 'tooLarge' }, { ranks: 3 });
    expect(found).toEqual([0, 1, 2].map((rank) => [...Array(5).fill(rank === 0 ? 48 : 0), refusal]));
  });
});

describe('on a single rank', () => {
  const world = heffte.box3d([0, 0, 0], [3, 3, 3]);
  const planned = async (body: (plan: heffte.Fft3dPlan, comm: Communicator) => Promise<void>): Promise<void> => {
    const comm = await selfComm();
    const plan = await heffte.fft3d('stock', world, world, comm);
    await body(plan, comm).finally(() => plan.dispose());
    await comm.free();
  };

  test('a plan describes its stages', () =>
    planned(async (plan) => {
      const { text, stages, ranks, engine } = plan.describe();
      expect(engine).toBe('ewald');
      expect([stages.length, ranks]).toEqual([1, 1]);
      expect(text).toMatch(/^c2c 4 × 4 × 4, rank 0 of 1, (native|wasm), alltoallv\ntransform xyz of 4 × 4 × 4$/);
      await plan.forward(new Float32Array(128));
      expect(plan.describe().text).toMatch(/ ms$/);
      expect(plan.scaleFactor('full')).toBe(1 / 64);
    }));

  test('a disposed plan is refused, and earlier runs finish', () =>
    planned(async (plan) => {
      const run = plan.forward(new Float64Array(128).fill(1));
      await plan.dispose();
      expect((await run)[0]).toBe(64);
      await refused(() => plan.forward(new Float32Array(128)), 'Disposed');
    }));

  test('tags, scales and options are checked', async () => {
    const comm = await selfComm();
    const make = (tag: string | number, options?: object) => heffte.fft3d(tag, world, world, comm, options);
    await refused(() => make(7), 'Argument', 'no backend 7');
    await refused(() => make('cuda'), 'Unsupported');
    await refused(() => make('stock', { algorithm: 'alltoallw' }), 'Argument', 'one of auto, alltoallv');
    await refused(() => make('stock', { subranks: 2 }), 'Argument', 'from 1 to 1');
    await refused(() => make('stock', { subrank: 1 }), 'Argument', 'did you mean "subranks"');
    await refused(() => heffte.fft3dR2c('stock', world, world, 3, comm), 'Argument', '0, 1 or 2');
    await refused(() => heffte.fft3d('stock', {} as never, world, comm), 'Argument', 'inbox is not a box');
    await refused(() => heffte.fft3d('stock', world, world, {} as never), 'Argument', 'is not a communicator');
    await planned(async (plan) => {
      await refused(() => plan.forward(new Float32Array(128), undefined, 3), 'Argument', 'none, full, symmetric');
      await refused(() => plan.forward(new Int32Array(128) as never), 'Shape', 'Int32Array');
    });
    await comm.free();
  });
});
