// @module-tag all: Chromium.
/** A run on a File in a worker of the browser, with the shipped build: it finds every crystal, and no wrong one. */
import { expect, test } from 'vitest';
import {
  cellFrom,
  cellFromParameters,
  FrameSimulator,
  misorientation,
  reciprocal,
  sameLattice,
} from '../../dist/index.browser.js';

const data = import.meta.env.EWALD_TEST_DATA as string;
type Rows = readonly (readonly number[])[];

/** The result that the worker's run returns. */
async function ask(run: object): Promise<Record<string, unknown>> {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });
  const answer = await new Promise<Record<string, unknown>>((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(run);
  });
  worker.terminate();
  return answer;
}

test.skipIf(!data)('frames of a File become crystals in a worker', async () => {
  const fetched = async (name: string): Promise<Response> => fetch(`${data}/sim/${name}`);
  const file = new File([await (await fetched('mono.h5')).arrayBuffer()], 'mono.h5');
  const [geometry, cell] = await Promise.all(
    ['mono.geom', 'mono.cell'].map(async (name) => (await fetched(name)).text()),
  );
  const truth = await (await fetched('mono.truth.json')).json();
  const answer = await ask({ file, geometry, cell });
  expect(answer.failed).toBeUndefined();
  expect(answer.liveBytes).toBe(0);
  const frames = answer.frames as readonly { cells: Rows[]; chunk: string; reflections: number[]; error?: string }[];
  expect(frames).toHaveLength(6);
  for (const [i, { cells, chunk, reflections, error }] of frames.entries()) {
    expect(error).toBeUndefined();
    expect(cells).toHaveLength(1);
    expect(reflections[0]).toBeGreaterThan(50);
    expect(chunk).toMatch(new RegExp(`^Image filename: mono\\.h5\nEvent: //${i}$`, 'm'));
    const { astar, bstar, cstar } = truth.frames[i].lattices[0];
    const [found, real] = [cellFrom((cells[0] ?? []).flat()), reciprocal(cellFrom([...astar, ...bstar, ...cstar]))];
    expect(sameLattice(found, real)).toBe(true);
    expect(misorientation(found, real)).toBeLessThan(0.03);
  }
});

/**
 * Two frames of a small detector as a NumPy file, their geometry, and a cell without symmetry, which has a single
 * setting.
 */
function smallRun() {
  const side = 192;
  const cell = cellFromParameters(44, 57, 68, 82, 97, 104);
  const simulator = new FrameSimulator({ cell, detectorPx: [side, side], distanceMm: 14, seed: 11, images: 2 });
  const frames = [0, 1].map((i) => simulator.frame(i).counts);
  const shape = `{'descr': '<u2', 'fortran_order': False, 'shape': (2, ${side}, ${side}), }`;
  const header = new TextEncoder().encode(`\x00NUMPY\x01\0v\0${shape.padEnd(117)}\n`);
  header[0] = 0x93;
  const [x, y] = simulator.detector.centrePx;
  const geometry = `wavelength = 1.3 A
clen = 0.014 m
res = 13333.3333
adu_per_photon = 1
p0/min_fs = 0
p0/max_fs = ${side - 1}
p0/min_ss = 0
p0/max_ss = ${side - 1}
p0/corner_x = ${-x}
p0/corner_y = ${-y}
p0/fs = +1.0x +0.0y
p0/ss = +0.0x +1.0y
`;
  const angles = 'al = 82 deg\nbe = 97 deg\nga = 104 deg\n';
  const text = `CrystFEL unit cell file version 1.0\nlattice_type = triclinic\ncentering = P\na = 44 A\nb = 57 A\nc = 68 A\n${angles}`;
  return { file: new File([header, ...frames] as BlobPart[], 'small.npy'), geometry, cell: text, minRes: 20 };
}

const adapter = (await navigator.gpu?.requestAdapter()) ?? null;
if (!adapter && (import.meta.env.EWALD_REQUIRE ?? '').split(',').includes('webgpu'))
  throw new Error('EWALD_REQUIRE names webgpu, but it is absent: no adapter');

test.skipIf(!adapter)(
  `wasm and WebGPU find the same crystals in a File${adapter ? '' : ' (absent: no adapter)'}`,
  { tags: 'nightly', timeout: 400_000 },
  async () => {
    const run = smallRun();
    const [wasm, webgpu] = [await ask({ ...run, backend: 'wasm' }), await ask({ ...run, backend: 'webgpu' })];
    expect([wasm.failed, webgpu.failed]).toEqual([undefined, undefined]);
    expect([wasm.liveBytes, webgpu.liveBytes]).toEqual([0, 0]);
    interface Frame {
      cells: Rows[];
      peaks: number;
      backends: object;
      members: unknown;
      chunk: string;
    }
    const [expected, found] = [wasm.frames as Frame[], webgpu.frames as Frame[]];
    expect(expected.map(({ cells }) => cells.length)).toEqual([1, 1]);
    const listOf = ({ chunk }: Frame): string =>
      /Peaks from peak search\n(.*?)End of peak list/s.exec(chunk)?.[1] ?? '';
    for (const [i, frame] of found.entries()) {
      const other = expected[i] as Frame;
      expect(frame.backends).toEqual({ peaks: 'webgpu', index: 'webgpu' });
      expect(other.backends).toEqual({ peaks: 'wasm', index: 'wasm' });
      expect(listOf(frame)).toBe(listOf(other));
      expect(listOf(frame).length).toBeGreaterThan(1000);
      expect(frame.members).toEqual(other.members);
      expect(frame.cells).toHaveLength(1);
      const [a, b] = [frame, other].map(({ cells }) => cellFrom((cells[0] ?? []).flat()));
      if (!a || !b) throw new Error('a frame without a crystal');
      expect(misorientation(a, b)).toBeLessThan(1e-4);
      for (const [k, x] of a.flat().entries()) expect(Math.abs(x - (b.flat()[k] ?? 0))).toBeLessThan(2e-4);
    }
  },
);
