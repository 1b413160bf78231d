/** Frames of electrons whose beam is off the centre that the geometry states, with known truth. */
import { cellFromParameters, simulateSpots } from 'ewald';
import { flatGeometry } from '../../src/crystal/geometry/flat.js';
import type { Panel } from '../../src/crystal/geometry/geometry.js';
import type { Detector } from '../../src/frames/detector/detector.js';
import { stacked, stackedGeometry } from '../../src/frames/detector/stacked.js';
import { memoryDataset } from '../../src/frames/formats/memory.js';

/** Pixels of a side, size of a pixel and distance in metres, wavelength in angstrom. */
const [side, pixelM, distanceM, wavelengthA] = [512, 110e-6, 1.14, 0.02508];

/** A seeded source of numbers from 0 to 1, and of normal ones. */
export function drawn(seed: number): { uniform(): number; normal(): number; poisson(mean: number): number } {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const poisson = (mean: number): number => {
    if (mean > 40) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    let [n, left] = [0, Math.exp(-mean)];
    for (let p = uniform(); p > left; p *= uniform()) n++;
    return n + 0 * left;
  };
  return { uniform, normal, poisson };
}

/** The detector of these frames; a stop of 26 pixels with an arm hides the beam. */
export function detectorOf(stop: readonly [x: number, y: number] | undefined): Detector {
  const bad = new Uint8Array(side * side);
  if (stop)
    for (let i = 0; i < bad.length; i++) {
      const [x, y] = [(i % side) + 0.5 - stop[0], Math.floor(i / side) + 0.5 - stop[1]];
      bad[i] = Math.hypot(x, y) < 26 || (Math.abs(y) < 7 && x > 0) ? 1 : 0;
    }
  const geometry = flatGeometry({
    width: side,
    height: side,
    centrePx: [side / 2, side / 2],
    pixelM,
    distanceM,
    wavelengthA,
    saturation: 20000,
  });
  return {
    geometry,
    width: side,
    height: side,
    dtype: 'f32',
    bad,
    validRange: [0, 20000],
    hasFlags: false,
    beam: { wavelengthA, distanceM, shiftM: [0, 0] },
  } as unknown as Detector;
}

/** The same detector, whose file has its upper and its lower half as two modules. */
export function modulesOf(detector: Detector): Detector {
  const [whole] = detector.geometry.panels;
  const half = side / 2;
  const panels = [0, 1].map((module) => ({
    ...(whole as Panel),
    ...{ name: `m${module}`, maxSs: half - 1, dimensions: ['%', module, 'ss', 'fs'] as const },
    corner: [-half, (module - 1) * half] as const,
  }));
  const geometry = { ...detector.geometry, panels };
  const file = memoryDataset(new Float32Array(side * side), { navShape: [1], sigShape: [2, half, side] });
  return { ...detector, geometry: stackedGeometry(geometry, stacked(file, geometry)) };
}

/** Spots of stills of a small cell as pixels from the beam: `true` ones and spurious ones. */
export function spotsOf(count: number, spurious: number, images: number, seed: number): [x: number, y: number][][] {
  const cells: readonly (readonly [number, number, number, number, number, number])[] = [
    [5.13, 7.21, 9.34, 77.6, 83.9, 70.8],
    [8.12, 12.31, 15.24, 90, 98.4, 90],
    [6.83, 10.94, 17.42, 90, 90, 90],
  ];
  return cells
    .flatMap((cell, i) =>
      simulateSpots({
        cell: cellFromParameters(...cell),
        dMinA: 1,
        bFactorA2: 4,
        noisePx: 0.4,
        detectorPx: [1024, 1024],
        wavelengthA,
        bandwidth: 1e-5,
        mosaicityRad: 0.002,
        domainA: 333,
        distanceMm: 1140,
        pixelMm: 0.055,
        spots: count,
        spurious: spurious / count,
        images: Math.ceil(images / 3),
        seed: 10 * seed + i,
      }),
    )
    .filter(({ owner }) => owner.length === count)
    .map(({ spots }) =>
      Array.from({ length: count }, (_, i): [number, number] => {
        const z = (spots[3 * i + 2] as number) + 1 / wavelengthA;
        const at = (axis: number): number => ((spots[3 * i + axis] as number) / z) * distanceM;
        return [at(0) / 55e-6, at(1) / 55e-6];
      }),
    );
}

/** A frame: `dose` 1 is 60 counts a pixel near the stop; the beam is so many pixels off the stated centre. */
export function frameAt(
  [offX, offY]: readonly [number, number],
  seed: number,
  { dose = 1, gradient = 0, spots = [] as readonly (readonly [number, number])[] } = {},
): Float32Array {
  const random = drawn(seed);
  const [cx, cy] = [side / 2 + offX, side / 2 + offY];
  const mean = new Float64Array(side * side);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const [dx, dy] = [x + 0.5 - cx, y + 0.5 - cy];
      const r = Math.hypot(dx, dy);
      const scattered = (60 * (1 + (r / 22) ** 2) ** -0.95 + 0.25) * (1 + (gradient * dx) / 256);
      const beam = r < 30 ? (2e6 / (2 * Math.PI * 6.25)) * Math.exp(-(r * r) / 12.5) : 0;
      mean[y * side + x] = dose * (scattered + beam + 400 * (1 + (r / 6) ** 2) ** -1.5);
    }
  for (const [u, v] of spots) {
    const [sx, sy] = [cx + u / 2, cy + v / 2];
    const strength = dose * 10 ** (1.8 + 1.8 * random.uniform());
    for (let y = Math.max(0, Math.floor(sy) - 8); y < Math.min(side, sy + 8); y++)
      for (let x = Math.max(0, Math.floor(sx) - 8); x < Math.min(side, sx + 8); x++)
        mean[y * side + x] =
          (mean[y * side + x] as number) +
          (strength / (2 * Math.PI * 1.69)) * Math.exp(-((x + 0.5 - sx) ** 2 + (y + 0.5 - sy) ** 2) / 3.38);
  }
  return Float32Array.from(mean, (one) => random.poisson(one));
}

export const pixelOfFrames = pixelM;
