// @module-tag all: whole runs, twice.
/**
 * Runs whose geometry is wrong by 3 pixels and 0.7 mm: after a refinement on the first crystals they give the
 * intensities of the simulation, and the same stream however they are run. A geometry that is right stays unchanged.
 */
import { readFileSync, truncateSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Executor } from '../../dist/executors.node.js';
import {
  type Cell,
  type Context,
  createContext,
  formatNpy,
  type Geometry,
  type PipelineItem,
  type PipelineOptions,
  parseGeometry,
  type RunEvent,
} from '../../dist/index.node.js';
import { zmqSource } from '../../dist/pipeline.node.js';
import { dataFolder } from '../support/data.js';
import { refused } from '../support/refused.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
let [folder, context] = ['', undefined as unknown as Context];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-refined-'));
  context = await createContext({ backend: 'wasm' });
});
afterAll(async () => {
  await context.dispose();
  await rm(folder, { recursive: true });
});

/** The simulation's geometry with a displaced beam and a different distance. */
function displaced(x: number, y: number, z: number): Geometry {
  const geometry = parseGeometry(readFileSync(sim('mono.geom'), 'utf8'));
  const distance = geometry.distance && 'value' in geometry.distance ? geometry.distance.value : Number.NaN;
  const panels = geometry.panels.map((one) => ({ ...one, corner: [one.corner[0] + x, one.corner[1] + y] as const }));
  return { ...geometry, distance: { value: distance + z }, panels };
}
const wrong = () => displaced(2.1, -2.1, 0.0007);

const given = (options: Partial<PipelineOptions> = {}): PipelineOptions => ({
  inputs: sim('mono.h5'),
  geometry: wrong(),
  cells: [sim('mono.cell')],
  peaks: { threshold: 12, minSnr: 4.5, localBgRadius: 4 },
  minRes: 20,
  commandLine: 'ewald test',
  ...options,
});

interface Ran {
  readonly items: readonly PipelineItem[];
  readonly events: readonly RunEvent[];
  readonly stream: string;
}

async function ran(options: PipelineOptions): Promise<Ran> {
  const [items, events, pieces]: [PipelineItem[], RunEvent[], Uint8Array[]] = [[], [], []];
  const output = (piece: Uint8Array): void => void pieces.push(piece.slice());
  const onEvent = (event: RunEvent): void => void (event.kind !== 'progress' && events.push(event));
  for await (const item of context.pipeline({ output, ...options, onEvent })) items.push(item);
  return { items, events, stream: Buffer.concat(pieces).toString() };
}

const chunksOf = (stream: string): string[] => stream.split('----- Begin chunk -----').slice(1);
/** Frames received live are named after their address. */
const withoutName = (chunk: string): string => chunk.replace(/^Image filename: .*$/m, '');

const dot = (a: readonly number[], b: readonly number[]): number =>
  (a[0] ?? 0) * (b[0] ?? 0) + (a[1] ?? 0) * (b[1] ?? 0) + (a[2] ?? 0) * (b[2] ?? 0);
const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

interface TrueLattice {
  readonly astar: readonly number[];
  readonly bstar: readonly number[];
  readonly cstar: readonly number[];
  readonly spots: readonly (readonly [x: number, y: number, h: number, k: number, l: number, counts: number])[];
}

/**
 * Intensities compared with those of the simulation: sums, and the median deviation in sigmas relative to that of
 * normal errors.
 */
function scoreOf({ items }: Ran): { ratio: number; z: number } {
  const truth = JSON.parse(readFileSync(sim('mono.truth.json'), 'utf8')) as {
    frames: { frame: number; lattices: TrueLattice[] }[];
  };
  let [found, real] = [0, 0];
  const deviations: number[] = [];
  for (const { origin, result } of items) {
    const lattice = truth.frames.find(({ frame }) => frame === origin.event)?.lattices[0];
    for (const { cell, reflections = [] } of result?.crystals ?? []) {
      if (!lattice) throw new Error('no truth');
      const { astar, bstar, cstar, spots } = lattice;
      const turn = (cell as Cell).map((row) => [astar, bstar, cstar].map((star) => Math.round(dot(row, star))));
      const counts = new Map(spots.map(([, , h, k, l, n]) => [turn.map((row) => dot(row, [h, k, l])).join(), n]));
      for (const { h, k, l, intensity, sigma } of reflections) {
        const expected = counts.get([h, k, l].join());
        if (expected === undefined) continue;
        [found, real] = [found + intensity, real + expected];
        deviations.push(Math.abs(intensity - expected) / sigma);
      }
    }
  }
  expect(deviations.length).toBeGreaterThan(1000);
  return { ratio: found / real, z: middle(deviations) / 0.6745 };
}

const zmq = await import('zeromq').catch(() => undefined);

/** Warnings, without those of test/pipeline/detector.test.ts on a geometry that contradicts its file. */
const warningsOf = ({ events }: Ran): string[] =>
  events.flatMap((event) => (event.kind === 'warning' ? [event.text] : [])).filter((text) => !/ states /.test(text));

const movedOf = ({ events }: Ran) => events.find((event) => event.kind === 'geometry');

describe.skipIf(!dataFolder)(`a run${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const farOff = 'with the beam 75 pixels off finds it by the background, with';
  test(`${farOff} a known cell`, () => findsTheBeam([sim('mono.cell')]));
  test(`${farOff} an unknown cell`, { tags: 'nightly' }, () => findsTheBeam());

  test('with the beam far off, over a single frame, writes the shifted geometry', async () => {
    const pieces: Uint8Array[] = [];
    const refinedGeometry = (piece: Uint8Array): void => void pieces.push(piece.slice());
    const inputs = { file: sim('mono.h5'), frames: [0] };
    const cells = [sim('mono.cell')];
    const run = await ran({ ...given({ geometry: displaced(60, -45, 0), cells }), inputs, refinedGeometry });
    expect(run.items.map(({ result }) => result?.crystals.length)).toEqual([1]);
    const text = Buffer.concat(pieces).toString();
    const [x, y] = (/detector is shifted by (-?[\d.]+), (-?[\d.]+) pixels/.exec(text) ?? []).slice(1).map(Number);
    expect(Math.hypot((x ?? 0) + 60, (y ?? 0) - 45)).toBeLessThan(2);
    expect(parseGeometry(text).panels.length).toBeGreaterThan(0);
  });

  async function findsTheBeam(cells?: string[]) {
    const run = await ran(given({ geometry: displaced(60, -45, 0), cells }));
    const [warning, ...others] = warningsOf(run);
    expect(warning).toMatch(/^the background .* centred \d\d\.\d, -\d\d\.\d pixels from .* shifted geometry is used$/);
    expect(others).toEqual([]);
    const [x, y] = (/by (-?[\d.]+), (-?[\d.]+) pixels/.exec(warning ?? '') ?? []).slice(1).map(Number);
    expect(Math.hypot((x ?? 0) + 60, (y ?? 0) - 45)).toBeLessThan(1);
    expect(run.events.filter(({ kind }) => kind === 'cell').length).toBe(cells ? 0 : 2);
    const { ratio, z } = scoreOf(run);
    expect(ratio).toBeGreaterThan(0.98);
    expect(ratio).toBeLessThan(1.02);
    expect(z).toBeLessThan(1.1);
    // The stream contains the geometry that was used, and what was done to the given one.
    const text = /----- Begin geometry file -----\n(.*)----- End geometry file -----/s.exec(run.stream)?.[1] ?? '';
    expect(text).toMatch(/^; ewald refined this geometry: the detector is shifted by -\d\d\.\d, \d\d\.\d pixels/);
    const again = await ran(given({ geometry: text }));
    expect(again.events.filter(({ kind }) => kind === 'warning' || kind === 'geometry')).toEqual([]);
    expect(context.liveBytes).toBe(0);
  }

  test('with the beam far off and no refinement is not moved', async () => {
    const { events } = await ran(given({ geometry: displaced(60, -45, 0), refineGeometry: 'off' }));
    expect(events.flatMap((event) => (event.kind === 'warning' ? [event.text] : [])).join()).not.toMatch(/background/);
    expect(movedOf({ events, items: [], stream: '' })).toBeUndefined();
  });

  test('with a wrong geometry refines it and gives the intensities of the simulation', async () => {
    const run = await ran(given());
    const { ratio, z } = scoreOf(run);
    expect(ratio).toBeGreaterThan(0.98);
    expect(ratio).toBeLessThan(1.02);
    expect(z).toBeLessThan(1.1);
    const event = movedOf(run);
    expect(event?.text).toMatch(
      /^according to 6 crystals .*0\.(68|69|70)\d ± 0\.01\d mm nearer .*shifted by -2\.1\d{1,2} .* 2\.\d\d/,
    );
    expect(event?.rmsPx[1]).toBeLessThan(0.25);
    expect(context.liveBytes).toBe(0);
    // The stream records what was used, and readers of streams and geometries accept it.
    const text = /----- Begin geometry file -----\n(.*)----- End geometry file -----/s.exec(run.stream)?.[1] ?? '';
    expect(text).toMatch(/^; ewald refined this geometry on 6 crystals/);
    expect(parseGeometry(text)).toEqual(event?.geometry);
    // The refined detector is no longer reported as displaced.
    expect(run.events.filter(({ kind }) => kind === 'detector')).toEqual([]);
    const off = scoreOf(await ran(given({ refineGeometry: 'off' })));
    expect(off.ratio).toBeLessThan(0.97);
    // The same frames with the refined geometry as it was written.
    const again = await ran(given({ geometry: text }));
    expect(movedOf(again)).toBeUndefined();
    expect(again.stream).toBe(run.stream);
  });

  test('whose geometry is wrong by 6 pixels and 1.5 mm finds it by displacing the detector step by step', async () => {
    const run = await ran(given({ geometry: displaced(4.2, -4.2, 0.0015) }));
    const event = movedOf(run);
    expect(event?.text).toMatch(
      /^according to 6 crystals .*1\.(49|50)\d .* nearer .*shifted by -4\.(19|2)\d* .* 4\.(19|2)/,
    );
    const { ratio, z } = scoreOf(run);
    expect(ratio).toBeGreaterThan(0.98);
    expect(ratio).toBeLessThan(1.02);
    expect(z).toBeLessThan(1.1);
    expect([...run.events.filter(({ kind }) => kind === 'detector'), ...warningsOf(run)]).toEqual([]);
    // The first lattices of the frames explain nearly all peaks, as with the right geometry.
    for (const { result } of run.items)
      expect(result?.crystals[0]?.peaks.length).toBeGreaterThan(0.8 * (result?.peaks.count ?? 0));
  });

  test('gives the same stream on an executor, in shards and after an interruption', async () => {
    const whole = await ran(given());
    expect(movedOf(whole)).toBeDefined();
    const executor = await Executor.inline({ context: { backend: 'wasm' } });
    try {
      expect((await ran(given({ executor: executor as never }))).stream).toBe(whole.stream);
    } finally {
      await executor.dispose();
    }
    const [second, first] = [await ran(given({ shard: '2/2' })), await ran(given({ shard: '1/2' }))];
    const shards = chunksOf(first.stream).flatMap((one, i) => [one, chunksOf(second.stream)[i] ?? '']);
    expect(shards).toEqual(chunksOf(whole.stream));
    const output = join(folder, 'left.stream');
    for await (const { origin } of context.pipeline(given({ output }))) if (origin.serial === 2) break;
    await ran(given({ output, resume: true }));
    expect(readFileSync(output, 'utf8')).toBe(whole.stream);
  });

  test.skipIf(!zmq)(
    `of frames that arrive by ZeroMQ${zmq ? '' : ' (absent: zeromq)'} is refined on the first ones`,
    async () => {
      const push = new (zmq ?? expect.fail()).Push({ linger: 0 });
      await push.bind('tcp://127.0.0.1:*');
      const dataset = await open(sim('mono.h5'));
      const sent = (async () => {
        for (let i = 0; i < dataset.frames; i++) {
          const { buffer, byteOffset, byteLength } = await dataset.read(i, 1);
          const data = new Uint8Array(buffer, byteOffset, byteLength);
          await push.send(encode({ detector_data: { type: '<u2', shape: [1024, 1024], data } }));
        }
      })();
      const zmqInput = push.lastEndpoint ?? '';
      const geometry = { ...wrong(), panels: wrong().panels.map((one) => ({ ...one, data: 'detector_data' })) };
      try {
        const live = await ran(given({ inputs: zmqSource({ zmqInput, zmqPull: true, noDataTimeout: 1 }), geometry }));
        const { ratio, z } = scoreOf(live);
        expect(ratio).toBeGreaterThan(0.98);
        expect(ratio).toBeLessThan(1.02);
        expect(z).toBeLessThan(1.1);
        // The same as if the frames had been in a file: none is lost, and their order is kept.
        const whole = await ran(given({ geometry: wrong() }));
        const moved = (run: Ran): string =>
          JSON.stringify(movedOf(run)).replaceAll('"detector_data"', '"/entry/data/data"');
        expect(moved(live)).toBe(moved(whole));
        expect(chunksOf(live.stream).map(withoutName)).toEqual(chunksOf(whole.stream).map(withoutName));
      } finally {
        await sent;
        push.close();
        await dataset.dispose();
      }
    },
  );

  test('of files that appear one after the other is refined on the first ones, and resumed with that geometry', {
    tags: 'nightly',
  }, async () => {
    const [followed, beside] = [join(folder, 'followed'), join(folder, 'beside')];
    for (const name of [followed, beside]) await mkdir(name);
    const dataset = await open(sim('mono.h5'));
    const appear = async (): Promise<void> => {
      for (let i = 0; i < dataset.frames; i++) {
        const name = `frame-${i}.npy`;
        const data = Float32Array.from((await dataset.read(i, 1)) as Uint16Array);
        await writeFile(join(beside, name), formatNpy({ shape: dataset.shape.sig, data }));
        await rename(join(beside, name), join(followed, name));
      }
    };
    const output = join(folder, 'followed.stream');
    const options = given({ inputs: followed, follow: true, noDataTimeout: 2, output });
    const writing = appear();
    const run = await ran(options);
    await writing;
    const offline = await ran(given({ inputs: followed }));
    expect(movedOf(run)).toEqual(movedOf(offline));
    const stream = readFileSync(output, 'utf8');
    // The first chunk of followed files has the sum of its frame, by which a resumed run knows them again.
    expect(chunksOf(stream.replace(/^ewald\/frame_sum = .*\n/gm, ''))).toEqual(chunksOf(offline.stream));
    // The session is continued with its geometry, which more frames would have changed.
    const chunk = stream.lastIndexOf('----- Begin chunk -----');
    const rest = stream.slice(chunk);
    truncateSync(output, chunk);
    const resumed = await ran({ ...options, noDataTimeout: 0.1, resume: true });
    expect(resumed.items).toHaveLength(1);
    expect(movedOf(resumed)).toBeUndefined();
    expect(readFileSync(output, 'utf8')).toBe(stream);
    expect(rest).toContain('frame-5.npy');
    await dataset.dispose();
  });

  test('with the right geometry is not changed', async () => {
    const geometry = readFileSync(sim('mono.geom'), 'utf8');
    const run = await ran(given({ geometry }));
    expect(movedOf(run)).toBeUndefined();
    expect(run.stream).toBe((await ran(given({ geometry, refineGeometry: 'off' }))).stream);
    expect(run.stream).toContain(geometry);
  });

  test('of a file with its own geometry, or without a known cell, keeps the correct values', async () => {
    const { inputs, cells, peaks, minRes } = given();
    expect(movedOf(await ran({ inputs, cells, peaks, minRes }))).toBeUndefined();
    const shifted = await ran({ inputs, peaks, minRes, geometry: displaced(1.5, 0, 0) });
    // A cell that was determined with a certain distance cannot be used to check that distance.
    expect(movedOf(shifted)?.moved[0]?.shiftM[2] ?? 0).toBe(0);
  });

  test.each([3, 5, 10])(
    'without a known cell finds a distance that is %i per cent too long, and with it the cell',
    { tags: 'nightly' },
    async (percent) => {
      const { peaks, minRes } = given();
      const text = readFileSync(sim('run.geom'), 'utf8');
      const geometry = text.replace('clen = 0.06 m', `clen = ${0.0006 * (100 + percent)} m`);
      expect(geometry).not.toBe(text);
      const run = await ran({ inputs: sim('run.h5'), geometry, peaks, minRes, integrate: false });
      // The simulation has the detector at 60 mm and tetragonal crystals of 79, 79, 38 Å.
      const [z = 0, error = 0] = [movedOf(run)?.moved[0]?.shiftM[2], movedOf(run)?.moved[0]?.shiftErrorM[2]];
      expect(error).toBeLessThan(20e-6);
      expect(Math.abs(z + 0.0006 * percent)).toBeLessThan(3 * error);
      const lattice = run.events.flatMap((event) => (event.kind === 'cell' ? event.lattice : [])).at(-1);
      expect(lattice?.type).toBe('tP');
      for (const [i, x] of [79, 79, 38, 90, 90, 90].entries())
        expect(Math.abs((lattice?.parameters[i] ?? 0) - x)).toBeLessThan(0.02);
      expect(run.events.filter(({ kind }) => kind === 'detector')).toEqual([]);
    },
  );

  test('without a known cell determines it again with the refined geometry', async () => {
    const geometry = parseGeometry(readFileSync(sim('run.geom'), 'utf8'));
    const panels = geometry.panels.map((one) => ({ ...one, corner: [one.corner[0], one.corner[1] + 3] as const }));
    const { peaks, minRes } = given();
    const shifted = { inputs: sim('run.h5'), geometry: { ...geometry, panels }, peaks, minRes, integrate: false };
    const run = await ran(shifted);
    const cells = run.events.flatMap((event) => (event.kind === 'cell' ? event.lattice : []));
    // The evidence tells the geometry from the lattice; the shift of the beam remains in the lengths.
    expect(new Set(cells.map((lattice) => lattice?.type))).toEqual(new Set(['tP']));
    for (const [i, x] of [79, 79, 38, 90, 90, 90].entries())
      expect(Math.abs((cells.at(-1)?.parameters[i] ?? 0) - x)).toBeLessThan(0.02);
    // The stream names the second one, and so do its crystals.
    expect(run.stream).toMatch(/\nlattice_type = tetragonal\n/);
    expect(run.stream.match(/\nlattice_type = tetragonal\n/g)).toHaveLength(13);
  });

  test('without a known cell determines both until neither changes, also if the geometry is almost right', async () => {
    const { peaks, minRes } = given();
    const run = await ran({ inputs: sim('mono.h5'), geometry: displaced(0.7, 0, 0), peaks, minRes, integrate: false });
    expect((movedOf(run)?.moved[0]?.shiftM[0] ?? 0) / 75e-6).toBeCloseTo(-0.7, 1);
    const cells = run.events.flatMap((event) => (event.kind === 'cell' ? (event.lattice?.parameters ?? []) : []));
    for (const [i, x] of [36.2, 62.5, 98.1, 90, 97.3, 90].entries())
      expect(Math.abs((cells.at(i - 6) ?? 0) / x - 1)).toBeLessThan(2.5e-4);
  });

  test('whose geometry is far off, or whose frames contain no crystals, moves nothing', {
    tags: 'nightly',
  }, async () => {
    const lost = await ran(given({ geometry: displaced(60, -80, 0.006) }));
    expect(movedOf(lost)).toBeUndefined();
    expect(warningsOf(lost)).toEqual([
      expect.stringMatching(/ first frames, and no displacement of the detector by up to 9 pixels and 3\.8 % of the /),
      expect.stringMatching(/^the background .* centred 60\.\d, -79\.\d pixels .*, but .* the given geometry is kept$/),
      // At the end, of all frames.
      expect.stringMatching(/explain only \d+ % of the peaks of their frames/),
    ]);
    expect(movedOf(await ran(given({ minPeaks: 5000 })))).toBeUndefined();
    expect(movedOf(await ran(given({ cells: [] })))).toBeUndefined();
  });

  test('that is stopped during the refinement ends at once', async () => {
    const stop = new AbortController();
    const onEvent = ({ kind }: RunEvent): void => void (kind === 'tuned' && stop.abort());
    const run = context.pipeline({ ...given(), onEvent, signal: stop.signal as never });
    await refused(() => run.next(), 'Aborted');
    expect(context.liveBytes).toBe(0);
  });

  test.for([
    [{ refineGeometry: 'panels' }, ['refineGeometry', 'panels', 'auto, detector, off']],
    [{ refineGeometry: 'auto', cells: [] }, ['refineGeometry', 'finds peaks alone']],
  ] as const)('%j is refused by name', async ([more, words]) => {
    const run = context.pipeline(given(more as unknown as PipelineOptions));
    await refused(() => run.next(), 'Argument', ...words);
  });
});
