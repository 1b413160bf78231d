// Detectors of square panels, and the peaks of crystals that a detector in another position has recorded, in float64.
// The tests of the refinement and the sweep of its errors (test/soak/errors.mjs) use them.
import { cellFromParameters, parseGeometry, readCell } from '../../dist/index.node.js';
import { uniform } from './random-cells.mjs';

/** Uniform and normal random numbers from a seed. */
export function randomOf(seed) {
  const u = uniform(seed);
  return { uniform: u, normal: () => Math.sqrt(-2 * Math.log(1 - u())) * Math.cos(2 * Math.PI * u()) };
}

export const pixel = 75e-6;
/** Scattering angles reach 43° at the usual distance, and 13° at the far one. */
export const [usualDistance, farDistance] = [0.06, 0.24];
const wavelength = 1.3;
const k0 = 1 / wavelength;
/** Panels and gaps along each side of the detector, in pixels. */
const [reach, gap] = [1056, 8];
export const sideOf = ({ panels }) => reach / Math.sqrt(panels.length) - gap;

/** A square of panels around the beam. */
export function square(across, groups = '', distance = usualDistance) {
  const side = reach / across - gap;
  const lines = [`wavelength = ${wavelength} A`, `clen = ${distance} m`, `res = ${1 / pixel}`, 'adu_per_photon = 1'];
  for (let r = 0; r < across; r++)
    for (let c = 0; c < across; c++) {
      const name = `p${r}${c}`;
      const corner = (i) => (i - across / 2) * (side + gap) + gap / 2;
      lines.push(`${name}/min_fs = ${c * side}`, `${name}/max_fs = ${(c + 1) * side - 1}`);
      lines.push(`${name}/min_ss = ${r * side}`, `${name}/max_ss = ${(r + 1) * side - 1}`);
      lines.push(`${name}/corner_x = ${corner(c)}`, `${name}/corner_y = ${corner(r)}`);
      lines.push(`${name}/fs = +1x +0y`, `${name}/ss = +0x +1y`);
    }
  return parseGeometry(`${lines.join('\n')}\n${groups}`);
}

export const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const times = (k, a) => [k * a[0], k * a[1], k * a[2]];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** A small rotation to second order, which is exact here. */
const turned = (v, turn) => {
  const first = cross(turn, v);
  return add(add(v, first), times(0.5, cross(turn, first)));
};

function randomTurn(random) {
  const q = [random.normal(), random.normal(), random.normal(), random.normal()];
  const length = Math.hypot(...q);
  const [w, x, y, z] = q.map((one) => one / length);
  const axis = [x, y, z];
  return (v) => add(v, add(times(2 * w, cross(axis, v)), times(2, cross(axis, cross(axis, v)))));
}

/**
 * Crystals whose peaks were recorded by a detector in its true position: the motion of the whole in pixels, and of each
 * panel a shift in pixels and a rotation vector in milliradians about its centre. Excitation errors reach `width`, or
 * are normal with `sigma`, as those of mosaic crystals.
 */
export function crystalsOf(
  geometry,
  truth,
  {
    count = 30,
    peaks = 100,
    noise = 0.15,
    spread = 0,
    tilt = 0.0003,
    seed = 1,
    width = 6e-4,
    sigma,
    true: truly = '79.000,79.000,38.000,90,90,90',
    known: typed = truly,
  } = {},
) {
  const random = randomOf(seed);
  const side = sideOf(geometry);
  const real = cellFromParameters(...truly.split(',').map(Number));
  const { cell: known, lengthErrorsA } = readCell(typed);
  const distance = geometry.distance.value;
  const beam = { wavelengthA: wavelength, distanceM: distance, shiftM: [0, 0] };
  const reachOf = () => (sigma ? sigma * Math.sqrt(-2 * Math.log(1 - random.uniform())) : width * random.uniform());
  return Array.from({ length: count }, () => {
    const rotate = randomTurn(random);
    const factor = 1 + spread * random.normal();
    const cell = real.map((row) => rotate(times(factor, row)));
    const volume = dot(cell[0], cross(cell[1], cell[2]));
    const stars = [cross(cell[1], cell[2]), cross(cell[2], cell[0]), cross(cell[0], cell[1])].map((v) =>
      times(1 / volume, v),
    );
    const found = [];
    const seen = new Set();
    for (let tries = 0; found.length < peaks && tries < 20_000; tries++) {
      // A point near the detector, and the node nearest to it.
      const at = [reach * (random.uniform() - 0.5), reach * (random.uniform() - 0.5), distance / pixel];
      // Farther from the sphere than any node that is accepted, where nodes are wide.
      const depth = k0 + (sigma ? 2 * sigma * random.normal() : 0);
      const q = add(times(depth / Math.hypot(...at), at), [0, 0, -k0]);
      const hkl = cell.map((row) => Math.round(dot(row, q)));
      const g = add(add(times(hkl[0], stars[0]), times(hkl[1], stars[1])), times(hkl[2], stars[2]));
      const ray = add(g, [0, 0, k0]);
      if (Math.hypot(...g) < 0.05 || Math.abs(Math.hypot(...ray) - k0) > reachOf()) continue;
      if (seen.has(hkl.join())) continue;
      seen.add(hkl.join());
      for (const [i, panel] of geometry.panels.entries()) {
        const own = truth.panels?.[i] ?? { shift: [0, 0, 0], turn: [0, 0, 0] };
        const turn = times(1e-3, own.turn);
        const [f, s] = [turned([1, 0, 0], turn), turned([0, 1, 0], turn)];
        const centre = [panel.corner[0] + side / 2, panel.corner[1] + side / 2, distance / pixel];
        const corner = add(add(centre, add(own.shift, truth.whole)), add(times(-side / 2, f), times(-side / 2, s)));
        const normal = cross(f, s);
        const t = dot(corner, normal) / dot(ray, normal);
        const at = add(times(t, ray), times(-1, corner));
        const [fs, ss] = [dot(at, f), dot(at, s)];
        if (fs < 0 || ss < 0 || fs >= side || ss >= side) continue;
        found.push({ panel: i, fs: fs + noise * random.normal(), ss: ss + noise * random.normal(), hkl });
        break;
      }
    }
    const off = [tilt * random.normal(), tilt * random.normal(), tilt * random.normal()];
    return {
      ...{ beam, known, lengthErrorsA, cell: cell.map((row) => turned(row, off)) },
      panel: found.map(({ panel }) => panel),
      fs: found.map(({ fs }) => fs),
      ss: found.map(({ ss }) => ss),
      indices: found.flatMap(({ hkl }) => hkl),
    };
  });
}

/** The true motion of panels that stay where they are. */
export const still = (count) => Array.from({ length: count }, () => ({ shift: [0, 0, 0], turn: [0, 0, 0] }));
