/** Virtual powders compared with the angles of a flat detector, and with frames of a known cell. */
import { beamOf, type PeakList, parseGeometry, VirtualPowder } from 'ewald';
import { expect, test } from 'vitest';
import { refused } from '../support/refused.js';

// 10 keV: 1.2398 Å; pixels of 0.1 mm at 100 mm, the beam in the centre.
const text = `photon_energy = 10000 eV
clen = 0.1
res = 10000
p/min_fs = 0
p/max_fs = 99
p/min_ss = 0
p/max_ss = 79
p/corner_x = -50
p/corner_y = -40
p/fs = +x
p/ss = +y
`;
const geometry = parseGeometry(text);
const beam = beamOf(geometry);

function peaksAt(places: readonly (readonly [fs: number, ss: number, intensity: number])[]): PeakList {
  const nothing = new Float32Array(places.length);
  return {
    count: places.length,
    fs: Float32Array.from(places, ([fs]) => fs),
    ss: Float32Array.from(places, ([, ss]) => ss),
    intensity: Float32Array.from(places, ([, , intensity]) => intensity),
    maximum: nothing,
    snr: nothing,
    background: nothing,
    pixels: new Uint32Array(places.length),
    panel: new Uint32Array(places.length),
    rings: undefined,
  };
}

/** |q| at a position of the flat detector, computed only from the scattering angle. */
function lengthOf(fs: number, ss: number): number {
  const angle = Math.atan2(Math.hypot(fs - 50, ss - 40) * 1e-4, 0.1);
  return (2 * Math.sin(angle / 2)) / (12.398419843320026 / 10);
}

test('peaks are added at their pixels, and in the bins of their angles', () => {
  const places = [
    [80.25, 40.5, 10],
    [20.5, 41.5, 20],
    [50.5, 70.75, 40],
    [100, 80, 80],
  ] as const;
  const powder = new VirtualPowder(geometry, { bins: 200, maxQ: 0.05 });
  powder.add(peaksAt(places.slice(0, 2)), beam);
  powder.add(peaksAt(places.slice(2)), beam);
  expect([powder.width, powder.height, powder.frames]).toEqual([100, 80, 2]);
  expect(powder.image[40 * 100 + 80]).toBe(10);
  expect(powder.image[41 * 100 + 20]).toBe(20);
  expect(powder.image[70 * 100 + 50]).toBe(40);
  // This peak is in the far corner, which belongs to the last pixel; it is beyond `maxQ`, so it is only in the image.
  expect(powder.image[79 * 100 + 99]).toBe(80);
  expect(powder.image.reduce((a, b) => a + b)).toBe(150);
  expect(lengthOf(100, 80)).toBeGreaterThan(0.05);
  const expected = new Float64Array(200);
  for (const [fs, ss, intensity] of places.slice(0, 3)) {
    const at = Math.floor((lengthOf(fs, ss) / 0.05) * 200);
    expected[at] = (expected[at] as number) + intensity;
  }
  expect(powder.profile).toEqual(expected);
  expect(powder.counts.reduce((a, b) => a + b)).toBe(3);
});

test('a refused list changes nothing', async () => {
  const powder = new VirtualPowder(geometry);
  await refused(
    () =>
      powder.add(
        peaksAt([
          [10, 10, 5],
          [101, 3, 5],
        ]),
        beam,
      ),
    'Argument',
    'peak 1',
    '100 x 80',
  );
  expect([powder.frames, Math.max(...powder.image), Math.max(...powder.counts)]).toEqual([0, 0, 0]);
  await refused(() => new VirtualPowder(geometry, { bins: 0 }), 'Argument', 'bins');
  await refused(() => new VirtualPowder(geometry, { max: 1 } as never), 'Argument', 'max');
});
