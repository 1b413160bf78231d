/** Where the page takes the detector to be: each frame has its own beam, and what is painted or moved counts at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, parseGeometry } from 'ewald';
import { open } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { regionOperations } from '../../src/pages/view/region-operations.js';
import { type Session, sessionOf } from '../../src/pages/view/session.js';
import { toolOperations } from '../../src/pages/view/tool-operations.js';
import { Workspace } from '../../src/pages/view/workspace.js';
import { array, group, treeFile } from '../frames/hdf5-tree.js';

const side = 40;
const frames = 4;
const [energies, lengths] = [
  [9537, 12000, 8000, 0],
  [60, 60, 80, 60],
];
const folder = mkdtempSync(join(tmpdir(), 'ewald-beams-'));
const file = join(folder, 'beams.h5');
const context = createContext({ backend: 'wasm' });
const contextOf = () => context as never;

beforeAll(async () => {
  const data = Uint16Array.from({ length: frames * side * side }, (_, i) => 1 + ((i * 7919) % 5));
  const bytes = await treeFile({
    data: array(data, [frames, side, side]),
    entry: group({ E: array(Float64Array.from(energies), [frames]), L: array(Float64Array.from(lengths), [frames]) }),
  });
  writeFileSync(file, bytes);
});
afterAll(async () => {
  await (await context).dispose();
  rmSync(folder, { recursive: true });
});

async function opened(isGiven = true) {
  const given = parseGeometry(`photon_energy = /entry/E eV
clen = /entry/L mm
res = 10000
data = /data
a/min_fs = 0
a/max_fs = ${side - 1}
a/min_ss = 0
a/max_ss = ${side - 1}
a/corner_x = ${-side / 2}
a/corner_y = ${-side / 2}
a/fs = x
a/ss = y
`);
  const dataset = await open(file, { dataset: '/data' });
  const made = await sessionOf(dataset, { name: 'beams.h5', given, cells: [] }, contextOf);
  // A file that describes its detector has no other geometry.
  const session = { ...made.session, given: isGiven ? given : undefined };
  class Open extends Workspace {
    override get current(): Session {
      return session;
    }
    override context() {
      return contextOf();
    }
  }
  const work = new Open();
  return { ...toolOperations(work), ...regionOperations(work) };
}

/** d in Å between the beam and a place 10 pixels (1 mm) from it along x, at a camera length in mm. */
function resolution(energyEv: number, lengthMm: number): number {
  const wavelength = 12398.42 / energyEv;
  return wavelength / (2 * Math.sin(Math.atan(1 / lengthMm) / 2));
}

test('a place measures with the energy and the distance of its frame', async () => {
  const page = await opened();
  const ends = [
    [side / 2, side / 2],
    [side / 2 + 10, side / 2],
  ] as const;
  for (let frame = 0; frame < 3; frame++) {
    const [energy = 0, length = 0] = [energies[frame], lengths[frame]];
    expect(await page.apart({ ends, frame })).toBeCloseTo(resolution(energy, length), 3);
    const wanted = resolution(energy, length);
    const [ring] = await page.rings({ resolutionsA: [wanted], frame });
    const [x = 0, y = 0] = ring?.arcs[0] ?? [];
    expect(Math.hypot(x, y)).toBeCloseTo(10, 1);
  }
  // A pulse that was not there.
  expect(await page.rings({ resolutionsA: [3], frame: 3 })).toEqual([]);
  // A distance that is typed holds for all frames; a beam that is moved leaves each its own.
  await page.adjust({ moved: [0, 0], distanceM: 0.1, frame: 0 });
  expect(await page.apart({ ends, frame: 2 })).toBeCloseTo(resolution(8000, 100), 3);
  await page.adjust({ moved: [3, 0], distanceM: undefined, frame: 0 });
  const text = await page.settle({ painted: undefined, frame: 0 });
  expect(text).toContain('clen = /entry/L mm');
  expect(await page.apart({ ends, frame: 2 })).not.toBeCloseTo(resolution(9537, 60), 1);
});

test('a detector that is put back is where its file says', async () => {
  const page = await opened(false);
  await page.adjust({ moved: [3, 0], distanceM: 0.1, frame: 0 });
  expect(await page.settle({ painted: undefined, frame: 0 })).toContain('clen = 0.1');
  await page.adjust({ moved: [0, 0], distanceM: undefined, frame: 0 });
  const text = await page.settle({ painted: undefined, frame: 0 });
  expect(text).toContain('clen = /entry/L mm');
  expect(text).not.toMatch(/shift_x = -?0\.\d*[1-9]/);
});

test('pixels that are painted are left out of the regions of the frame that is shown', async () => {
  const page = await opened();
  const texts = ['all=rect:0:10,0:10'];
  const [before] = await page.regions({ texts, frame: 1 });
  const painted = Uint8Array.from({ length: side * side }, (_, i) => Number(i % side < 5));
  await page.settle({ painted, frame: 1 });
  const [after] = await page.regions({ texts, frame: 1 });
  expect([before?.value?.pixels, after?.value?.pixels]).toEqual([100, 50]);
  expect(after?.value?.sum).toBeLessThan(before?.value?.sum ?? 0);
});
