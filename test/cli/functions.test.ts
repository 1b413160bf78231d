/** The functions of the commands, called from JavaScript: ewald/shell and the entry points of the rooms. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareStreams, createContext, type EwaldError, formatNpy, readNpy, readTruth, type StreamChunk } from 'ewald';
import { inspect } from 'ewald/data';
import {
  checkGeometryFile,
  compareStreamFiles,
  loadUdfs,
  runToFiles,
  servePages,
  simulateFrames,
  simulateSpotLists,
  transformFile,
} from 'ewald/shell';
import { Context } from 'ewald/udf';
import { selectRows } from 'ewald/validate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cell, cellFrom, reciprocal } from '../../src/crystal/cell.js';
import { primitiveOf } from '../../src/crystal/centring.js';
import { ewaldTogether } from '../support/cli.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-functions-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...name: string[]): string => join(folder, ...name);

const cell = [
  [12, 0, 0],
  [0, 17, 0],
  [0, 0, 21],
] as const;

it('ewald simulate frames, info, geometry check', async () => {
  const simulation = { cell, images: 2, detectorPx: [64, 64], distanceMm: 20 } as const;
  const files = await simulateFrames(at('sim'), simulation, { name: 'two' });
  expect(readdirSync(at('sim')).sort()).toEqual(['two.cell', 'two.geom', 'two.h5', 'two.truth.json']);
  await expect(simulateFrames(at('sim'), simulation, { name: 'two' })).rejects.toMatchObject({ tag: 'Argument' });
  const report = await inspect(files.frames);
  expect(report).toMatchObject({ format: 'hdf5', frames: 2, shape: { sig: [64, 64] }, failed: [] });
  expect(report.firstFrame?.max).toBeGreaterThan(0);
  const { problems, beam, panels } = await checkGeometryFile(files.geometry, {
    framesFile: files.frames,
    svg: at('a.svg'),
  });
  expect([problems, panels]).toEqual([[], 1]);
  expect(beam.distanceM).toBeCloseTo(0.02, 9);
  expect(readFileSync(at('a.svg'), 'utf8')).toContain('<svg');
  await expect(checkGeometryFile(files.geometry, { svg: at('a.npy') })).rejects.toThrow('ends in .npy, another format');
  // What every run refuses is not consistent.
  writeFileSync(at('far.geom'), readFileSync(files.geometry, 'utf8').replace(/^clen.*$/m, 'clen = 20'));
  const far = await checkGeometryFile(at('far.geom'), { framesFile: files.frames });
  expect(far.problems.join()).toMatch(/the geometry cannot be right: at a distance of 20 m the detector ends at/);
  const truth = readTruth(readFileSync(files.truth, 'utf8'));
  expect([truth.frames.length, truth.file]).toEqual([2, 'two.h5']);
});

it('assumes values that a geometry refers to in absent frames, without reporting a problem', async () => {
  const text = `photon_energy = /beam/energy eV
clen = 0.1
res = 10000
adu_per_photon = 1
p/min_fs = 0
p/max_fs = 9
p/min_ss = 0
p/max_ss = 9
p/fs = x
p/ss = y
p/corner_x = -5
p/corner_y = -5
`;
  writeFileSync(at('pointing.geom'), text);
  const { problems, assumed } = await checkGeometryFile(at('pointing.geom'));
  expect(problems).toEqual([]);
  expect(assumed).toEqual([expect.stringContaining('/beam/energy')]);
});

it('ewald simulate spots', async () => {
  const { lists, truth } = await simulateSpotLists(at('lists'), { cell, images: 3 });
  expect(lists.map((file) => file.replace(/.*\//, ''))).toEqual(['spots-001.txt', 'spots-002.txt', 'spots-003.txt']);
  expect(JSON.parse(readFileSync(truth, 'utf8')).lists).toHaveLength(3);
});

it('ewald fft', async () => {
  writeFileSync(
    at('in.npy'),
    formatNpy({ shape: [4, 6], complex: false, data: Float64Array.from({ length: 24 }, (_, i) => Math.sqrt(i)) }),
  );
  const { shape, complex, kind } = await transformFile(at('in.npy'), at('out.npy'), { backend: 'wasm' });
  expect([shape, complex, kind]).toEqual([[4, 4], true, 'r2c']);
  await transformFile(at('out.npy'), at('back.npy'), { backend: 'wasm', kind: 'c2r', scale: 'full' });
  for (const [i, x] of readNpy(readFileSync(at('back.npy'))).data.entries()) expect(x).toBeCloseTo(Math.sqrt(i), 12);
  for (const [output, options, why] of [
    ['in.npy', { force: true }, 'is the input itself'],
    ['x.npz', {}, 'ends in .npz, another format'],
    ['x.npy', { inverse: true }, 'holds real numbers'],
    ['x.npy', { axes: [2] }, '2 is not an axis'],
    ['x.npy', { kind: 'c3c' as 'c2c' }, 'kind is "c3c"'],
  ] as const)
    await expect(transformFile(at('in.npy'), at(output), options), output).rejects.toThrow(why);
});

it('ewald run: analyses under the names of the shell, results as files, UDFs of modules', async () => {
  writeFileSync(
    at('max.mjs'),
    `export const max = { name: 'max', buffers: { most: { kind: 'nav', dtype: 'f32' } },
      processFrame({ frame, results }) { results.most[0] = Math.max(...frame); } };`,
  );
  const ctx = new Context({ context: { backend: 'wasm' } });
  try {
    const scan = ctx.fromMemory(
      Float32Array.from({ length: 96 }, (_, i) => i),
      { navShape: [2, 3], sigShape: [4, 4] },
    );
    const analyses = [ctx.createSumSigAnalysis(scan), ctx.createStddevAnalysis(scan), ctx.createLogSumAnalysis(scan)];
    const { results, files } = await runToFiles(ctx, scan, { analyses, output: at('r.npy') });
    expect(results.map(({ name }) => name)).toEqual([
      'sumsig-intensity',
      'stddev-std',
      'stddev-mean',
      'stddev-var',
      'stddev-sum',
      'logsum-logsum',
    ]);
    expect(files).toHaveLength(7);
    expect(files.at(-1)).toBe(at('r.npy.json'));
    const sums = readNpy(readFileSync(at('r-sumsig-intensity.npy')));
    expect([...sums.data]).toEqual([120, 376, 632, 888, 1144, 1400]);
    for (const one of [
      ctx.createFftSumAnalysis(scan),
      ctx.createFemAnalysis(scan),
      ctx.createCrystallinityAnalysis(scan),
      ctx.createRadialBinsAnalysis(scan, { nBins: 2 }),
      ctx.createPickFftAnalysis(scan, { at: [1, 2] }),
    ])
      expect((await ctx.run(one)).channels.length, one.name).toBeGreaterThan(0);
    expect(() => ctx.createSumSigAnalysis(undefined as never)).toThrow(expect.objectContaining({ tag: 'Argument' }));
    const { channels } = await ctx.run(ctx.createFftSumAnalysis(scan));
    const [logs, spectrum] = channels;
    // Frequency 0 is in the middle: the sum of all pixels.
    expect([spectrum?.complex, spectrum?.data.length, spectrum?.data[2 * 10], spectrum?.data[2 * 10 + 1]]).toEqual([
      true,
      32,
      4560,
      0,
    ]);
    expect(logs?.data[10]).toBeCloseTo(Math.log(4561), 12);
    const udfs = await loadUdfs([at('max.mjs')]);
    const own = await runToFiles(ctx, scan, { udfs, channels: ['most'] });
    expect([...(own.results[0]?.data ?? [])]).toEqual([15, 31, 47, 63, 79, 95]);
    expect((await loadUdfs([at('max.mjs')], { module: 'mine' }))[0]?.definition.module).toBe('mine');
    await expect(runToFiles(ctx, scan, { udfs, channels: ['least'] })).rejects.toMatchObject({ tag: 'Argument' });
  } finally {
    await ctx.close();
  }
});

it('a stored run that its signal ends leaves what was finished as NAME.part, and no result under its name', {
  tags: 'all',
}, async () => {
  const ctx = new Context({ context: { backend: 'wasm' } });
  try {
    const scan = ctx.fromMemory(
      Float32Array.from({ length: 96 }, (_, i) => 1 + i),
      { navShape: [2, 3], sigShape: [4, 4] },
    );
    const analyses = [ctx.createSumSigAnalysis(scan), ctx.createSumAnalysis(scan)];
    const interrupted = async (output: string, png?: string) => {
      const stop = new AbortController();
      const onProgress = ({ done }: { done: number }): void => void (done === 3 && stop.abort());
      const how = { analyses, output, png, record: at('kept.npy'), numPartitions: 6, onProgress, signal: stop.signal };
      const error = await runToFiles(ctx, scan, how).catch((thrown: unknown) => thrown as EwaldError);
      expect(error).toMatchObject({ tag: 'Aborted', message: expect.stringMatching(/3 of 6 positions/) });
      const { files } = (error as EwaldError).detail as { files: readonly string[] };
      return files.map((file) => file.replace(/.*\//, ''));
    };
    const left = (name: string): string[] => readdirSync(folder).filter((file) => file.startsWith(name));
    const pictures = ['cut-sum-intensity.png.part', 'cut-sumsig-intensity.png.part'];
    const parts = ['cut-sum-intensity.npy.part', 'cut-sumsig-intensity.npy.part', 'cut.npy.json.part'];
    expect((await interrupted(at('cut.npy'), at('cut.png'))).sort()).toEqual([...parts, ...pictures].sort());
    expect(left('cut').sort()).toEqual([...parts, ...pictures].sort());
    expect(left('kept')).toEqual([]);
    const [each, sum] = ['sumsig', 'sum'].map(
      (name) => readNpy(readFileSync(at(`cut-${name}-intensity.npy.part`))).data,
    );
    expect([...(each ?? [])]).toEqual([136, 392, 648, Number.NaN, Number.NaN, Number.NaN]);
    expect(sum?.[0]).toBe(1 + 17 + 33);
    const about = JSON.parse(readFileSync(at('cut.npy.json.part'), 'utf8'));
    expect(about).toMatchObject({
      measured: { positions: 3, of: 6 },
      results: [{ file: parts[1] }, { file: parts[0] }],
    });
    // Another interruption replaces nothing, and the next whole run has its own names.
    expect(await interrupted(at('cut.npy'))).toContain('cut-sum-intensity.npy.part2');
    expect((await runToFiles(ctx, scan, { analyses, output: at('cut.npy') })).files).toContain(
      at('cut-sum-intensity.npy'),
    );
    // A whole run removes what an interrupted one says that it left, and nothing that somebody else has.
    const [mine, theirs] = [at('again-sum-intensity.npy.part'), at('again-sumsig-intensity.npy.part')];
    writeFileSync(theirs, 'not an array');
    expect(await interrupted(at('again.npy'))).toContain('again-sumsig-intensity.npy.part2');
    expect(readdirSync(folder)).toContain('again-sum-intensity.npy.part');
    await runToFiles(ctx, scan, { analyses, output: at('again.npy') });
    expect([mine, theirs].map((file) => existsSync(file))).toEqual([false, true]);
    expect(await interrupted(at('one.h5'))).toEqual(['one.h5.part']);
    expect(await interrupted(at('one.zarr'))).toEqual(['one.zarr.part']);
    expect(left('one').sort()).toEqual(['one.h5.part', 'one.zarr.part']);
  } finally {
    await ctx.close();
  }
});

const header = `CrystFEL stream format 2.3
Generated by ewald
----- Begin geometry file -----
----- End geometry file -----
`;
const crystal = `--- Begin crystal
Cell parameters 1.20000 1.70000 2.10000 nm, 90.00000 90.00000 90.00000 deg
astar = +0.8333333 +0.0000000 +0.0000000 nm^-1
bstar = +0.0000000 +0.5882353 +0.0000000 nm^-1
cstar = +0.0000000 +0.0000000 +0.4761905 nm^-1
--- End crystal
`;
const chunk = (file: string, event: number): string => `----- Begin chunk -----
Image filename: ${file}
Event: //${event}
Image serial number: ${event + 1}
hit = 1
indexed_by = ewald
photon_energy_eV = 9537.000000
Peaks from peak search
  fs/px   ss/px (1/d)/nm^-1   Intensity  Panel
  10.00   10.00       1.00      100.00   p0
End of peak list
${crystal}----- End chunk -----
`;
const stream = (name: string, ...chunks: string[]): string => {
  writeFileSync(at(name), header + chunks.join(''));
  return at(name);
};

it('ewald stream compare matches frames by the names of their files', async () => {
  const one = stream('one.stream', chunk('/a/run.h5', 0), chunk('/a/run.h5', 1));
  const moved = stream('moved.stream', chunk('/b/run.h5', 0), chunk('/b/run.h5', 1));
  const other = stream('other.stream', chunk('/a/weak.h5', 0));
  const twice = stream('twice.stream', chunk('/b/run.h5', 0), chunk('/c/run.h5', 0));
  expect(await compareStreamFiles(one, one)).toMatchObject({ framesOfBoth: 2, latticesThatDiffer: 0, remarks: [] });
  expect(await compareStreamFiles(one, moved)).toMatchObject({
    framesOfBoth: 2,
    remarks: [expect.stringContaining('last part of their names')],
  });
  expect(await compareStreamFiles(one, other)).toMatchObject({
    framesOfBoth: 0,
    remarks: [expect.stringMatching('no fr')],
  });
  await expect(compareStreamFiles(one, twice)).rejects.toMatchObject({ tag: 'Argument' });
});

it('ewald stream compare detects the truth of another set', async () => {
  const one = stream('one.stream', chunk('/a/run.h5', 0), chunk('/a/run.h5', 1));
  const lattice = { astar: [0.1, 0, 0], bstar: [0, 0.11, 0], cstar: [0, 0, 0.2], spots: [] };
  const truth = (frames: number, file: string) => ({ frames: Array(frames).fill({ lattices: [lattice] }), file });
  writeFileSync(at('weak.truth.json'), JSON.stringify({ ...truth(2, 'weak.h5'), file: undefined }));
  const found = await compareStreamFiles(one, at('weak.truth.json'));
  expect(found).toMatchObject({ crystalsRight: 0, crystalsWrong: 2 });
  expect(found.remarks.join()).toMatch(/stream is of run.h5, the truth of weak.h5.*no crystal of the stream/);
  await expect(compareStreams([], truth(0, 'x.h5'))).resolves.toMatchObject({ frames: 0 });
  writeFileSync(at('short.json'), JSON.stringify(truth(1, 'run.h5')));
  await expect(compareStreamFiles(one, at('short.json'))).rejects.toThrow('event //1, the truth 1 frames');
});

/** Frames with crystals of different lattices, so that a frame that is taken for another one is wrong. */
const lengthsA = [
  [12, 17, 21],
  [30, 41, 53],
  [25, 36, 80],
] as const;
const withLattice = (n: number, filename: string, event: string | undefined, serial = n + 1) =>
  ({
    ...{ filename, event, serial, peaks: [] },
    crystals: [
      {
        reciprocal: (lengthsA[n] ?? []).map((a, i) => [0, 1, 2].map((j) => (i === j ? 10 / a : 0))),
        centering: 'P',
      },
    ],
  }) as unknown as StreamChunk;
const each = (file: (n: number) => string, event: (n: number) => string | undefined) =>
  lengthsA.map((_, n) => withLattice(n, file(n), event(n)));
const groups = ['tag-000//', 'tag-001//', 'tag-002//'];

it.for([
  ['numbers, in any order', [2, 0, 1].map((n, i) => withLattice(n, 'run.h5', `//${n}`, i + 1)), [3, 0], /^$/],
  [
    'groups',
    each(
      () => 'tags.h5',
      (n) => groups[n],
    ).reverse(),
    [3, 0],
    /serial numbers: tags.h5 tag-002\/\/ is 3$/,
  ],
  [
    'groups in groups',
    each(
      () => 'cal.h5',
      (n) => `/cal/run-00${n + 1}//`,
    ),
    [3, 0],
    /serial numbers/,
  ],
  [
    'frames of a group',
    each(
      () => 'cal.h5',
      (n) => `cal//${n}`,
    ),
    [3, 0],
    /serial numbers/,
  ],
  [
    'a file for each frame',
    each(
      (n) => `f${n}.cbf`,
      () => undefined,
    ),
    [3, 0],
    /serial numbers/,
  ],
  [
    'a file for each frame, //0',
    each(
      (n) => `f${n}.h5`,
      () => '//0',
    ),
    [3, 0],
    /serial numbers/,
  ],
  [
    'no events in one file',
    each(
      () => 'run.h5',
      () => undefined,
    ),
    [3, 0],
    /serial numbers/,
  ],
  [
    'some groups',
    each(
      () => 'tags.h5',
      (n) => groups[n],
    ).slice(1),
    [0, 2],
    /2 frames .* cannot be matched .*: tags.h5/,
  ],
  [
    'another file beside it',
    [
      ...each(
        () => 'run.h5',
        (n) => `//${n}`,
      ),
      withLattice(0, 'b.h5', '//1', 4),
    ],
    [3, 1],
    /b.h5/,
  ],
  [
    'a frame twice',
    [
      ...each(
        () => 'run.h5',
        (n) => `//${n}`,
      ),
      withLattice(0, 'run.h5', '//0', 4),
    ],
    [3, 1],
    /repeated/,
  ],
] as const)('ewald stream compare finds frames in a truth: %s', async ([, chunks, [right, lost], remark]) => {
  const lattices = lengthsA.map(([a, b, c]) => ({ astar: [1 / a, 0, 0], bstar: [0, 1 / b, 0], cstar: [0, 0, 1 / c] }));
  const frames = lattices.map((lattice) => ({ lattices: [{ ...lattice, spots: [] }] }));
  const file = chunks.some(({ filename }) => filename === 'run.h5') ? 'run.h5' : undefined;
  const found = await compareStreams(chunks, { frames, file });
  expect(found).toMatchObject({ crystalsRight: right, crystalsWrong: 0, crystalsThere: 3, framesUnmatched: lost });
  expect(found.remarks.filter((text) => !text.includes('files; a truth is of one')).join()).toMatch(remark);
});

it.for([
  [
    'groups',
    each(
      () => 'tags.h5',
      (n) => groups[n],
    ),
    each(
      () => 'tags.h5',
      (n) => groups[n],
    ).reverse(),
    3,
    /^$/,
  ],
  [
    'groups and numbers',
    each(
      () => 'tags.h5',
      (n) => groups[n],
    ),
    each(
      () => 'tags.h5',
      (n) => `//${n}`,
    ),
    3,
    /serial/,
  ],
  [
    'no events in one',
    each(
      () => 'a.h5',
      () => undefined,
    ),
    each(
      () => 'a.h5',
      (n) => `//${n}`,
    ),
    3,
    /serial/,
  ],
  [
    'no event of a single frame',
    each(
      (n) => `${n}.h5`,
      () => undefined,
    ),
    each(
      (n) => `${n}.h5`,
      () => '//0',
    ),
    3,
    /^$/,
  ],
  [
    'folders that tell files apart',
    each(
      (n) => `/data/${n}/a.h5`,
      () => '//0',
    ).reverse(),
    each(
      (n) => (n === 0 ? '/data/0/a.h5' : `${n}/a.h5`),
      () => '//0',
    ),
    3,
    /matched by the last part of their names: \/data\/2\/a.h5 and 2\/a.h5/,
  ],
  [
    'some of the folders that do not',
    each(
      (n) => `/data/${n}/a.h5`,
      () => '//0',
    ),
    each(
      (n) => (n === 0 ? '/data/0/a.h5' : `/other/${n + 5}/a.h5`),
      () => '//0',
    ),
    1,
    /2 files cannot be matched/,
  ],
  [
    'parts of a file that have the same serial numbers',
    each(
      () => 'a.h5',
      (n) => `//${n}`,
    ),
    each(
      () => 'a.h5',
      (n) => `//${n + 3}`,
    ),
    0,
    /3 frames cannot be matched by event: a.h5 \/\/0 and a.h5 \/\/3/,
  ],
  [
    'numbers from the middle of a file, and groups',
    each(
      () => 'a.h5',
      (n) => `//${n + 3}`,
    ),
    each(
      () => 'a.h5',
      (n) => groups[n],
    ),
    0,
    /3 frames cannot be matched by event/,
  ],
] as const)('ewald stream compare finds frames in another stream: %s', async ([, own, other, both, remark]) => {
  const found = await compareStreams(own, other);
  expect(found).toMatchObject({ framesOfBoth: both, indexedInBoth: both, latticesThatDiffer: 0 });
  expect(found.remarks.join()).toMatch(remark);
});

it('comparing streams looks at each peak and its neighbours, however many a frame has', { tags: 'all' }, async () => {
  let seed = 1;
  const random = (): number => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  const places = (count: number) => Array.from({ length: count }, () => [300 * random() - 5, 300 * random() - 5]);
  let looks = 0;
  const chunk = (points: readonly (readonly number[])[]) =>
    ({
      filename: 'run.h5',
      event: '//0',
      crystals: [],
      peaks: points.map(([x = 0, ss = 0]) => ({
        get fs(): number {
          looks++;
          return x;
        },
        ss,
      })),
    }) as unknown as StreamChunk;
  const [own, other] = [places(1500), places(1500)];
  const nearest = own.map(([x = 0, y = 0]) =>
    other.reduce((least, [u = 0, v = 0]) => Math.min(least, Math.hypot(u - x, v - y)), Number.POSITIVE_INFINITY),
  );
  const near = nearest.filter((distance) => distance < 2).sort((a, b) => a - b);
  const middle = ((near[(near.length - 1) >> 1] ?? 0) + (near[near.length >> 1] ?? 0)) / 2;
  const found = await compareStreams([chunk(own)], [chunk(other)]);
  expect(found).toMatchObject({ peaksInBoth: near.length, peaksInFirstAlone: 1500 - near.length });
  expect(found.centroidMedianPx).toBeCloseTo(middle, 12);
  const spots = own.map(([x = 0, y = 0], i) => [x, y, 0, 0, 0, i % 200]);
  const lattice = { astar: [0.1, 0, 0], bstar: [0, 0.1, 0], cstar: [0, 0, 0.1], spots };
  const above = nearest.filter((_, i) => i % 200 > 100);
  expect(await compareStreams([chunk(other)], { frames: [{ lattices: [lattice] }] })).toMatchObject({
    recallAbove100: above.filter((distance) => distance < 2).length / above.length,
    peaksFalse:
      1500 - other.filter(([x = 0, y = 0]) => own.some(([u = 0, v = 0]) => Math.hypot(u - x, v - y) < 2)).length,
  });
  expect(looks).toBeLessThan(10 * (1500 + 1500));
});

it('a lattice in rhombohedral axes is the one in hexagonal axes, in another stream and in a truth', async () => {
  // The obverse setting, with a of 104.4 and c of 123.7 Å.
  const [a, c] = [104.4, 123.7];
  const hexagonal = cellFrom([a, 0, 0, -a / 2, (a * Math.sqrt(3)) / 2, 0, 0, 0, c]);
  const rows = (cell: Cell, factor: number) => reciprocal(cell).map((row) => row.map((x) => x * factor));
  const indexed = (cell: Cell, centering: string) =>
    ({
      ...{ filename: 'run.h5', event: '//0', peaks: [] },
      crystals: [{ reciprocal: rows(cell, 10), centering }],
    }) as unknown as StreamChunk;
  const inH = indexed(hexagonal, 'H');
  const inR = indexed(primitiveOf(hexagonal, 'H'), 'R');
  expect(await compareStreams([inH], [inR])).toMatchObject({ latticesThatDiffer: 0, indexedInBoth: 1 });
  expect(await compareStreams([inH], [indexed(hexagonal, 'P')])).toMatchObject({ latticesThatDiffer: 1 });
  const [astar = [], bstar = [], cstar = []] = rows(hexagonal, 1);
  for (const crystal of [inH, inR])
    expect(
      await compareStreams([crystal], { frames: [{ lattices: [{ astar, bstar, cstar, spots: [] }] }] }),
    ).toMatchObject({ crystalsRight: 1, crystalsWrong: 0 });
  // A truth that states its centring knows primitive axes without their letter, and tells a coarser lattice apart.
  const stated = { args: { centring: 'H' }, frames: [{ lattices: [{ astar, bstar, cstar, spots: [] }] }] } as const;
  for (const [crystal, right] of [
    [inH, 1],
    [inR, 1],
    [indexed(primitiveOf(hexagonal, 'H'), 'P'), 1],
    [indexed(hexagonal, 'P'), 0],
  ] as const)
    expect(await compareStreams([crystal], stated)).toMatchObject({ crystalsRight: right, crystalsWrong: 1 - right });
});

it('comparing streams reports how much of both files is read', async () => {
  const [one, other] = [stream('one.stream', chunk('run.h5', 0)), stream('other.stream', chunk('run.h5', 0))];
  const shares: number[] = [];
  await compareStreamFiles(one, other, ({ done, total = 0 }) => shares.push(done / total));
  expect(shares).toEqual([0.5, 1]);
});

it('ewald info says counts to their last digit, and those beyond 2⁵³ as rounded', async () => {
  const counts = (name: string, values: readonly bigint[]): void => {
    const head = `{'descr': '<u8', 'fortran_order': False, 'shape': (1, 2, ${values.length / 2}), }`.padEnd(118);
    const begin = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, head.length, 0]);
    writeFileSync(at(name), Buffer.concat([begin, Buffer.from(head), Buffer.from(BigUint64Array.from(values).buffer)]));
  };
  counts('exact.npy', [3n, 2n ** 53n - 1n, 3n, 3n]);
  counts('large.npy', [3n, 2n ** 60n + 1n, 3n, 3n]);
  expect((await ewaldTogether(['info', at('exact.npy')])).out).toContain('3 … 9007199254740991, mean 22518');
  expect((await ewaldTogether(['info', at('large.npy')])).out).toContain('3 … 1.15292e+18, mean 2.88230e+17');
});

it('ewald page, validate', async () => {
  const { url, pages, close } = await servePages();
  const names = pages.map((page) => new URL(page.url).pathname);
  expect(names).toEqual(['/index.html', '/view.html', '/validate.html', '/guides.html']);
  const tokens = new Set([url, ...pages.map((page) => page.url)].map((one) => new URL(one).searchParams.get('token')));
  expect(tokens.size).toBe(1);
  expect((await fetch(pages[0]?.url ?? '', { redirect: 'manual' })).status).toBe(303);
  await close();
  expect(selectRows(['pi:*']).length).toBeGreaterThan(0);
  await (await createContext({ backend: 'wasm' })).dispose();
});
