/** The run in a browser worker, on a File, with the build that ships: every crystal, none wrong. */
import { expect, test } from 'vitest';
import { cellFrom, misorientation, reciprocal, sameLattice } from '../../dist/index.browser.js';

const data = import.meta.env.EWALD_TEST_DATA as string;
type Rows = readonly (readonly number[])[];

test.skipIf(!data)('frames of a File become crystals in a worker', async () => {
  const fetched = async (name: string): Promise<Response> => fetch(`${data}/sim/${name}`);
  const file = new File([await (await fetched('mono.h5')).arrayBuffer()], 'mono.h5');
  const [geometry, cell] = await Promise.all(
    ['mono.geom', 'mono.cell'].map(async (name) => (await fetched(name)).text()),
  );
  const truth = await (await fetched('mono.truth.json')).json();
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });
  const answer = await new Promise<Record<string, unknown>>((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ file, geometry, cell });
  });
  worker.terminate();
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
