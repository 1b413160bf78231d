/**
 * The oracles compared with published values or manual calculations, and the parts of the test loop that no row
 * exercises.
 */
import { describe, expect, test } from 'vitest';
import * as validate from '../../dist/validate.js';

const { compare, fast, lattices, philox, sums } = validate;

describe('philox', () => {
  // Known answers of Random123 (kat_vectors, philox4x32 10).
  test.each([
    ['0', [0n, 0n, 0n, 0n], [0n, 0n], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      'all ones',
      [0xffffffffn, 0xffffffffn, 0xffffffffn, 0xffffffffn],
      [0xffffffffn, 0xffffffffn],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      'digits of pi',
      [0x243f6a88n, 0x85a308d3n, 0x13198a2en, 0x03707344n],
      [0xa4093822n, 0x299f31d0n],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ] as const)('answers as published for %s', (_, counter, key, expected) => {
    expect(
      philox
        .philox(counter, key)
        .map((word: bigint) => word.toString(16).padStart(8, '0'))
        .join(' '),
    ).toBe(expected);
  });

  test.each([
    [0n, 0, 0n, 4001n],
    [7n, 3, 1n, 4002n],
    [2n ** 64n - 1n, 2 ** 32 - 1, 2n ** 34n - 2001n, 4003n],
    [12345678901234567n, 1, 2n ** 60n + 3n, 5n],
    [1n, 0, 2n, 1n],
  ])('counts the same fast and slowly: seed %s, stream %s, first %s', (seed, stream, first, points) => {
    expect(philox.countInside({ seed, stream, first, points })).toBe(
      philox.countInsideSlowly({ seed, stream, first, points }),
    );
  });

  test('gives pi', () => {
    const points = 4_000_000n;
    const pi = (4 * Number(philox.countInside({ seed: 1n, stream: 0, first: 0n, points }))) / Number(points);
    expect(Math.abs(pi - Math.PI)).toBeLessThan(4 * Math.sqrt((Math.PI * (4 - Math.PI)) / Number(points)));
  });
});

describe('lattices', () => {
  const ortho = [
    [30, 0, 0],
    [0, 40, 0],
    [0, 0, 50],
  ] as const;

  test('a perfect list holds the nodes, calculated by hand', () => {
    const { spots, owner } = lattices.perfectImage(ortho, 30);
    // Within 1/30: ±a*, ±b*, ±c*, and b* ± c* at |q| = 0.0320.
    expect(owner.length).toBe(10);
    const lengths = Array.from(owner, (_, i) => Math.hypot(...lattices.spotAt(spots, i)).toFixed(6)).sort();
    expect(lengths).toEqual([
      '0.020000',
      '0.020000',
      '0.025000',
      '0.025000',
      '0.032016',
      '0.032016',
      '0.032016',
      '0.032016',
      '0.033333',
      '0.033333',
    ]);
  });

  test('detects exactly the differences that were made', () => {
    const turn = (degrees: number) => {
      const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      return ortho.map(([x, y, z]) => [c * x - s * y, s * x + c * y, z]) as never;
    };
    expect(lattices.latticeDifference(turn(0.5), ortho)?.misorientationDeg).toBeCloseTo(0.5, 6);
    // Another basis of the same lattice, and a basis of twice the volume.
    const [a, b, c] = ortho;
    expect(lattices.latticeDifference([b, [-a[0], 0, 0], [0, 40, 50]] as never, ortho)?.misorientationDeg).toBeCloseTo(
      0,
      6,
    );
    expect(lattices.latticeDifference([[60, 0, 0], b, c] as never, ortho)).toBeUndefined();
    expect(lattices.latticeDifference([[30.3, 0, 0], b, c] as never, ortho)?.lengths).toBeCloseTo(0.01, 9);
  });

  test('the membership radius fills 1/64 of reciprocal space', () => {
    const radius = lattices.membershipRadius(ortho);
    expect(((4 * Math.PI) / 3) * radius ** 3 * 30 * 40 * 50).toBeCloseTo(1 / 64, 12);
  });

  test('the other hand has the same lengths and the opposite volume', () => {
    const tri = [
      [40, 0, 0],
      [5, 50, 0],
      [7, -9, 60],
    ] as never;
    const other = lattices.otherHand(tri) as unknown as number[][];
    expect(other[2]).toEqual([7, -9, -60]);
  });
});

describe('transforms', () => {
  const numbers = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(3 * i * i + 1));
  const complexKinds = ['forward', 'backward'] as const;
  const realKinds = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'] as const;

  test('calculated by hand: four numbers, a delta, and the cube that the bindings of heFFTe are tested with', () => {
    expect([...sums.transform(Float64Array.of(1, 0, 2, 0, 3, 0, 4, 0), [4], ['forward'])]).toEqual([
      10, 0, -2, 2, -2, 0, -2, -2,
    ]);
    expect([...fast.fastTransform(Float64Array.of(1, ...new Array(13).fill(0)))]).toEqual(
      new Array(7).fill([1, 0]).flat(),
    );
    const cube = Float64Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? (i / 2) % 32 : 0));
    const spectrum = sums.transform(cube, [4, 4, 4], ['forward', 'forward', 'forward']);
    expect([spectrum[0], spectrum[2 * 32]]).toEqual([992, -512]);
  });

  test('calculated by hand: cosines and sines of two and three numbers', () => {
    const of = (kind: (typeof realKinds)[number], ...x: number[]) => {
      const complex = Float64Array.from(x.flatMap((value) => [value, 0]));
      return [...sums.transform(complex, [x.length], [kind])].filter((_, i) => i % 2 === 0);
    };
    const close = (found: number[], ...expected: number[]) => {
      for (const [i, x] of found.entries()) expect(x).toBeCloseTo(expected[i] ?? Number.NaN, 14);
    };
    const r = Math.SQRT2;
    close(of('dct1', 1, 2, 3), 8, -2, 0);
    close(of('dct2', 1, 2), 6, -r);
    close(of('dct3', 1, 2), 1 + 2 * r, 1 - 2 * r);
    close(of('dst1', 1, 2, 3), 4 + 4 * r, -4, 4 * r - 4);
    close(of('dst2', 1, 2), 3 * r, -2);
    close(of('dst3', 1, 2), r + 2, r - 2);
  });

  const small = Array.from({ length: 70 }, (_, i) => i + 1);
  const large = [97, 128, 210, 243, 257, 331, 509, 720, 1009];
  test.each([...small, ...large].map((n) => [n]))('the fast transform equals the direct sum: length %i', (n = 0) => {
    const limit = 2 ** -53 * (Math.sqrt(n) + 8 * Math.sqrt(Math.log2(n) + 1));
    for (const kind of complexKinds) {
      const found = fast.fastTransform(numbers(2 * n), kind === 'backward');
      expect(compare.relativeL2(found, sums.transform(numbers(2 * n), [n], [kind])).error, kind).toBeLessThan(limit);
    }
    for (const kind of n > 1 && n < 70 ? realKinds : []) {
      const complex = new Float64Array(2 * n);
      numbers(n).forEach((x: number, i: number) => {
        complex[2 * i] = x;
      });
      const slow = sums.transform(complex, [n], [kind]).filter((_: number, i: number) => i % 2 === 0);
      expect(compare.relativeL2(fast.fastTrig(numbers(n), kind), slow).error, kind).toBeLessThan(2 * limit);
    }
  });

  test('the fast transform of some axes of an array equals the direct sums', () => {
    for (const kinds of [['forward', undefined, 'backward'] as const, [undefined, 'dct2', 'dst3'] as const]) {
      const real = kinds.every((kind) => kind !== 'forward');
      const data = numbers(2 * 60).map((x: number, i: number) => (real && i % 2 === 1 ? 0 : x));
      const found = sums.transform(data, [3, 5, 4], kinds, fast.fastLine);
      expect(compare.relativeL2(found, sums.transform(data, [3, 5, 4], kinds)).error).toBeLessThan(1e-15);
    }
  });

  test('a row of many lengths has the bound of each: one that is wrong fails, and is named', () => {
    const row = validate.sweepRow('c2c', 'f32', 'some', [4, 6]);
    const expected = row.oracle(row.make(1));
    const outputs = (change: number) =>
      expected.map((values: Float64Array, i: number) => ({
        values: values.map((x: number) => x * (i === 1 ? 1 + change : 1)),
        roundTrip: undefined,
        strayWrites: 0,
      }));
    expect(row.compare(outputs(0), expected)).toMatchObject({
      errors: { l2: 0, worst: 0, strays: 0 },
      note: undefined,
    });
    const { errors, note } = row.compare(outputs(1e-5), expected);
    expect(errors.l2).toBeGreaterThan(1);
    expect(note).toContain('n=6');
  });
});

describe('comparison', () => {
  test('shape comes first, then the class of each element, then the metric', () => {
    expect(compare.relativeL2([1, 2], [1, 2, 3])).toEqual({
      error: Number.POSITIVE_INFINITY,
      note: '2 elements, expected 3',
    });
    expect(compare.relativeL2([1, Number.NaN], [1, 2]).error).toBe(Number.POSITIVE_INFINITY);
    expect(compare.relativeL2([1, Number.NaN], [1, Number.POSITIVE_INFINITY]).note).toBe(
      'element 1 is NaN, expected Infinity',
    );
    expect(compare.relativeL2([1, Number.POSITIVE_INFINITY, 2], [1, Number.POSITIVE_INFINITY, 2])).toEqual({
      error: 0,
    });
    expect(compare.relativeL2([3, 4.5], [3, 4]).error).toBeCloseTo(0.1, 12);
    expect(compare.worstElement([3, 4.5], [3, 4]).error).toBeCloseTo(0.125, 12);
    expect(compare.worstInteger([5n, 7n], [5n, 10n]).error).toBe(3);
    expect(compare.differentBytes(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 0, 0)).error).toBe(2);
  });
});

describe('addresses', () => {
  test('are unique, and a seed is the hash of its address', () => {
    const ids = validate.rows.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(validate.seedOf('a')).toBe(0xe40c292c);
    expect(new Set(ids.map(validate.seedOf)).size).toBe(ids.length);
  });

  test('patterns match an address, all addresses below it, or any text in place of *', () => {
    const count = (pattern: string): number => validate.selectRows([pattern]).length;
    expect(count('pi:count:points=1')).toBe(1);
    expect(count('pi')).toBe(validate.rows.filter(({ id }: { id: string }) => id.startsWith('pi:')).length);
    expect(count('*:threads=2:*')).toBe(1);
    expect(() => validate.selectRows(['pi:cuont'])).toThrow(/no case is called "pi:cuont"/);
  });
});

describe('outcomes', () => {
  type Candidate = Awaited<ReturnType<typeof validate.openCandidates>>[number];
  const row = validate.selectRows(['pi:count:points=1'])[0];
  const away: Candidate = {
    backend: 'cuda',
    context: undefined,
    device: null,
    reason: 'no card',
    required: false,
    budget: 2,
    renew: async () => undefined,
  };

  test('an absent backend is reported as absent, or as a failure if EWALD_REQUIRE names it', async () => {
    expect(await validate.runRow(new validate.Problem(row), away)).toMatchObject({ outcome: 'absent', why: 'no card' });
    expect(await validate.runRow(new validate.Problem(row), { ...away, required: true })).toMatchObject({
      outcome: 'fail',
    });
    expect(() => validate.parseRequire('wasm,webgup')).toThrow(/EWALD_REQUIRE names the backend "webgup"/);
  });

  test('a wrong count fails with its size; what costs too much is sampled; what is missing is todo or refused; a leak fails', async () => {
    const { createContext } = await import('../../dist/index.node.js');
    const [candidate] = await validate.openCandidates({ createContext, backends: ['wasm'] });
    if (!candidate) throw new Error('no candidate');
    const { EwaldError } = await import('../../dist/index.node.js');
    try {
      const outcome = (change: object, budget = 2) =>
        validate.runRow(new validate.Problem({ ...row, ...change } as never), { ...candidate, budget } as Candidate);
      expect(await outcome({})).toMatchObject({ outcome: 'pass', error: 0, bound: 0 });
      expect(await outcome({ oracle: () => [5n] })).toMatchObject({ outcome: 'fail', bound: 0 });
      expect(await outcome({ cost: 3 })).toMatchObject({ outcome: 'sampled' });
      // The driver of a card takes a tenth of a second or more to compile the kernels of each plan.
      const card = { ...candidate, backend: 'webgpu' } as Candidate;
      const plans = new validate.Problem({ ...row, plans: 256 } as never);
      expect(await validate.runRow(plans, card)).toMatchObject({ outcome: 'sampled' });
      expect(await outcome({ todo: 'not yet' })).toMatchObject({ outcome: 'todo', why: 'not yet' });
      const refuse = async () => {
        throw new EwaldError('Unsupported', 'no such thing');
      };
      // An unexpected refusal is a failure. A refusal for lack of double precision, or one that a row permits, is not.
      expect(await outcome({ plan: refuse })).toMatchObject({
        outcome: 'fail',
        why: expect.stringMatching(/^refused, .*no such thing/),
      });
      expect(await outcome({ plan: refuse, refusable: true })).toMatchObject({
        outcome: 'refused',
        why: 'no such thing',
      });
      const double = { plan: refuse, id: 'fft:c2c:f64:n=4' };
      expect(await outcome(double)).toMatchObject({ outcome: 'fail' });
      const single = { ...candidate, device: { ...candidate.device, precisions: ['f32'] } } as Candidate;
      expect(await validate.runRow(new validate.Problem({ ...row, ...double } as never), single)).toMatchObject({
        outcome: 'refused',
      });
      expect(await outcome({ compare: () => ({ errors: { hits: Number.NaN } }) })).toMatchObject({ outcome: 'fail' });
      const plan = async (context: never, input: never) => ({
        ...(await row?.plan(context, input)),
        dispose: async () => undefined,
      });
      expect(await outcome({ plan })).toMatchObject({
        outcome: 'fail',
        why: expect.stringContaining('bytes are still held'),
      });
    } finally {
      await candidate.context?.dispose();
    }
  });

  test('only the call that a row names is timed, not its surroundings', async () => {
    const { createContext } = await import('../../dist/index.node.js');
    const [candidate] = await validate.openCandidates({ createContext, backends: ['wasm'] });
    if (!candidate || !row) throw new Error('no candidate');
    const calls = { run: 0, timed: 0 };
    const counted = {
      ...row,
      plan: async (context: never, input: never) => {
        const subject = await row.plan(context, input);
        return {
          ...subject,
          dispose: () => subject.dispose(),
          run: async () => {
            calls.run++;
            return subject.run();
          },
          timed: () => ({
            amount: 3,
            call: async () => {
              calls.timed++;
            },
          }),
        };
      },
    };
    const { rows } = await validate.benchRow(counted as never, [candidate], { seconds: 0.05 });
    await candidate.context?.dispose();
    expect(rows[0]).toMatchObject({ outcome: 'pass', timing: { medianMs: expect.any(Number) } });
    // The whole run verifies the row, once; the rate counts the units of the timed call only.
    expect(calls.run).toBe(1);
    expect(calls.timed).toBeGreaterThan(1);
    const { medianMs = 0, rate = 0 } = rows[0]?.timing ?? {};
    expect((rate * medianMs) / 1000).toBeCloseTo(3, 9);
  });
});
