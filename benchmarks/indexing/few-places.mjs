#!/usr/bin/env node
// Where few spots say that the beam and the detector are, and how far that is from the truth, in pixels and in stated errors.
//   node benchmarks/indexing/few-places.mjs [--parts centres,detectors] [--frames 100] [--seed 1] [--beam mono] [--cells oP,mP]
// centres    single frames of electrons: the centre by the direct beam, by the background about a stop (also at a tenth of
//            the dose, with a gradient, with an ellipse), by pairs of Friedel mates, and by a known cell
// detectors  distance and centre from 40 stills of a known cell, begun 1.5 % and 1.8 pixels off, three beams: worst errors
// Cells have their errors in few-cells.mjs, orientations in few.mjs. A figure that misses what is asked is followed by the
// bound, and the exit status is 1.
import { parseArgs } from 'node:util';
import { flatGeometry } from '../../build/esm/crystal/geometry/flat.js';
import { moveOfImage, moveOfStills, PlacedStills } from '../../build/esm/indexing/few/place.js';
import { FrameCentres } from '../../build/esm/pipeline/centre/frame-centre.js';
import { pairsCentre } from '../../build/esm/pipeline/centre/pairs.js';
import { cellFromParameters, createContext } from '../../dist/index.node.js';
import { crystalOf, randomOf, stillOf } from '../lib/few-stills.mjs';
import { beams } from '../lib/small-cells.mjs';

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({
  options: {
    parts: text('centres,detectors'),
    frames: text('100'),
    seed: text('1'),
    beam: { type: 'string' },
    cells: text('aP,mC,hR,oP,mP,cF'),
    images: text('40'),
    backend: text('native'),
  },
});
const frames = Number(values.frames);
const write = (line) => process.stdout.write(`${line}\n`);
const rms = (all) => Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length);
const median = (all) => all.map(Math.abs).sort((p, q) => p - q)[all.length >> 1];

let missed = 0;
function figure(value, isMet, bound, digits) {
  if (!isMet) missed++;
  return isMet ? value.toFixed(digits) : `${value.toFixed(digits)} [${bound}]`;
}

/** A line about errors in pixels and in stated errors; the share of `count` frames that tell a centre. */
function report(name, off, count, { most, least = 0.8, largest = 1.2 } = {}) {
  const z = off.map(({ px, error }) => px / error);
  const px = off.map((one) => one.px);
  const spread = rms(z);
  const robust = median(z) / 0.6745;
  const isBound = most !== undefined;
  write(
    `${name}: said ${((50 * off.length) / count).toFixed(0)} % of ${count}, median ` +
      `${figure(median(px), !isBound || median(px) <= most, `at most ${most}`, 3)}, rms ${rms(px).toFixed(3)} pixels, z rms ` +
      `${figure(spread, !isBound || (spread >= least && spread <= largest), `${least} to ${largest}`, 2)}, robust ` +
      `${robust.toFixed(2)}, beyond 3: ${((100 * z.filter((x) => Math.abs(x) > 3).length) / z.length).toFixed(1)} %`,
  );
}

const context = await createContext({ backend: values.backend });
const indexer = await context.indexer({ method: 'few', batch: 512, maxOutputCells: 16, threads: 1 });
const searchOf = ({ parameters, centring }, beam) => ({
  run: (input) => indexer.run(input),
  cells: [{ cell: cellFromParameters(...parameters), centring }],
  wavelengthA: beam.wavelengthA,
  bandwidth: beam.bandwidth,
});

const side = 512;
const electrons = beams.electrons;
/** Pixels of frames are those of two of the detector. */
const pixelMm = 2 * electrons.pixelMm;

/** The detector of frames; a stop of 26 pixels with an arm hides the beam. */
function detectorOf(stop) {
  const bad = new Uint8Array(side * side);
  if (stop)
    for (let i = 0; i < bad.length; i++) {
      const [x, y] = [(i % side) + 0.5 - stop[0], Math.floor(i / side) + 0.5 - stop[1]];
      bad[i] = Math.hypot(x, y) < 26 || (Math.abs(y) < 7 && x > 0) ? 1 : 0;
    }
  const { wavelengthA } = electrons;
  const distanceM = electrons.distanceMm / 1e3;
  const geometry = flatGeometry({
    width: side,
    height: side,
    centrePx: [side / 2, side / 2],
    pixelM: pixelMm / 1e3,
    distanceM,
    wavelengthA,
    saturation: 20000,
  });
  const beam = { wavelengthA, distanceM, shiftM: [0, 0] };
  return { geometry, width: side, height: side, dtype: 'f32', bad, validRange: [0, 20000], hasFlags: false, beam };
}

/** A frame of counts about a beam that is at `centre`. */
function frameOf(places, centre, random, { dose = 1, gradient = 0, ellipse = 0 }) {
  const mean = new Float64Array(side * side);
  for (let i = 0; i < mean.length; i++) {
    const [dx, dy] = [(i % side) + 0.5 - centre[0], Math.floor(i / side) + 0.5 - centre[1]];
    const bent = Math.hypot(dx * (1 + ellipse), dy * (1 - ellipse));
    const r2 = dx * dx + dy * dy;
    mean[i] =
      (60 * (1 + (bent / 22) ** 2) ** -0.95 + 0.25) * (1 + (gradient * dx) / 256) +
      (2e6 / (2 * Math.PI * 6.25)) * Math.exp(-r2 / 12.5) +
      400 * (1 + r2 / 36) ** -1.5;
  }
  for (const [x, y] of places) {
    const [u, v] = [x / pixelMm + centre[0], y / pixelMm + centre[1]];
    const height = 10 ** (1.8 + 1.8 * random.uniform()) / (2 * Math.PI * 1.69);
    for (let row = Math.max(0, Math.floor(v) - 8); row < Math.min(side, v + 8); row++)
      for (let column = Math.max(0, Math.floor(u) - 8); column < Math.min(side, u + 8); column++)
        mean[row * side + column] += height * Math.exp(-((column + 0.5 - u) ** 2 + (row + 0.5 - v) ** 2) / 3.38);
  }
  return Float32Array.from(mean, (one) => poisson(dose * one, random));
}

function poisson(mean, { uniform, normal }) {
  if (mean > 40) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  let n = 0;
  for (let p = uniform(), least = Math.exp(-mean); p > least; p *= uniform()) n++;
  return n;
}

function still(crystal, kind, random, wanted) {
  for (;;) {
    const drawn = stillOf(crystal, beams[kind], kind, random, wanted);
    if (drawn) return drawn;
  }
}

const crystals = Object.fromEntries(values.cells.split(',').map((name) => [name, crystalOf(name)]));

async function centres() {
  write('centres of single frames of electrons');
  const names = Object.keys(crystals);
  const drawn = (random, wanted) =>
    still(crystals[names[Math.floor(names.length * random.uniform())]], 'electrons', random, wanted);
  const noPeaks = { count: 0, fs: [], ss: [], panel: [] };
  for (const [name, how, options, bounds] of [
    ['direct beam', 'direct', {}, { most: 0.02 }],
    ['background', 'background', {}, { most: 0.12 }],
    ['background, a tenth of the dose', 'background', { dose: 0.1 }],
    ['background, gradient of 5 %', 'background', { gradient: 0.05 }],
    ['background, ellipse of 1 %', 'background', { ellipse: 0.01 }],
  ]) {
    const random = randomOf(`${values.seed} ${name}`);
    const off = [];
    for (let n = 0; n < frames; n++) {
      const centre = [side / 2 + 4 * random.normal(), side / 2 + 4 * random.normal()];
      const stop = [side / 2 + 3 * random.normal(), side / 2 + 3 * random.normal()];
      const detector = detectorOf(how === 'direct' ? undefined : stop);
      const frame = frameOf(drawn(random, { spots: 8, spurious: 2 }).places, centre, random, options);
      const found = new FrameCentres(detector).find(frame, noPeaks, detector.beam, how);
      if (!found) continue;
      for (const k of [0, 1])
        off.push({
          px: (1e3 * found.offM[k]) / pixelMm + side / 2 - centre[k],
          error: (1e3 * found.errorM[k]) / pixelMm,
        });
    }
    report(name, off, frames, bounds);
  }
  for (const share of [0, 0.3])
    for (const spots of [5, 8, 12, 20]) {
      const random = randomOf(`${values.seed} pairs ${spots} ${share}`);
      const off = [];
      const spurious = Math.floor(spots * share);
      for (let n = 0; n < 5 * frames; n++) {
        const { places } = drawn(random, { spots: spots - spurious, spurious });
        const centre = [3 * random.normal(), 3 * random.normal()];
        const at = (k) => places.map((place) => place[k] / electrons.pixelMm + centre[k]);
        const found = pairsCentre(at(0), at(1));
        if (found) for (const k of [0, 1]) off.push({ px: found.at[k] - centre[k], error: found.error[k] });
      }
      report(`pairs, ${spots} spots, ${spurious} spurious`, off, 5 * frames, { most: 0.2, least: 0.75 });
    }
  for (const [name, crystal] of Object.entries(crystals))
    for (const spots of [5, 8]) {
      const random = randomOf(`${values.seed} cell ${name} ${spots}`);
      const off = [];
      const before = process.cpuUsage();
      for (let n = 0; n < frames; n++) {
        const drawn = still(crystal, 'electrons', random, { spots, spurious: 2 });
        const centre = [3 * random.normal(), 3 * random.normal()];
        const stills = new PlacedStills(searchOf(crystal, electrons), placesOf([drawn], electrons, centre));
        const found = await moveOfImage(stills);
        if (found) for (const k of [0, 1]) off.push({ px: -found.move[k] - centre[k], error: found.error[k] });
      }
      const { user, system } = process.cpuUsage(before);
      const ms = ((user + system) / 1e3 / frames).toFixed(0);
      report(`known cell ${name}, ${spots} + 2 spots, ${ms} ms`, off, frames, { most: 0.16 });
    }
}

/** Spots of stills on a detector whose beam is at `centre` in pixels, and which is said to be `factor` times as far. */
function placesOf(stills, { pixelMm: size, distanceMm }, centre, factor = 1) {
  const offsets = stills.reduce((all, { places }) => [...all, all.at(-1) + places.length], [0]);
  const all = stills.flatMap(({ places }) => places);
  return {
    x: Float64Array.from(all, ([x]) => x / size + centre[0]),
    y: Float64Array.from(all, ([, y]) => y / size + centre[1]),
    z: new Float64Array(all.length).fill((factor * distanceMm) / size),
    offsets: Uint32Array.from(offsets),
  };
}

async function detectors() {
  write(`distance and centre from ${values.images} stills`);
  for (const [kind, beam] of Object.entries(beams)) {
    if (values.beam !== undefined && values.beam !== kind) continue;
    const [distances, shifts] = [[], []];
    for (const [name, crystal] of Object.entries(crystals))
      for (const factor of [1.015, 0.985]) {
        const random = randomOf(`${values.seed} detectors ${kind} ${name} ${factor}`);
        const stills = Array.from({ length: Number(values.images) }, () =>
          still(crystal, kind, random, {
            spots: 4 + Math.floor(5 * random.uniform()),
            spurious: Math.floor(4 * random.uniform()),
          }),
        );
        const centre = [1.5, -1];
        const before = process.cpuUsage();
        const placed = new PlacedStills(searchOf(crystal, beam), placesOf(stills, beam, centre, factor));
        const found = await moveOfStills(placed, beam.bandwidth, [[0, 0, 0]]);
        const { user, system } = process.cpuUsage(before);
        const distance = beam.distanceMm / beam.pixelMm;
        if (!found) {
          write(`${kind} ${name} ${factor}: none`);
          missed++;
          continue;
        }
        const part = 100 / distance;
        const z = { px: part * (factor * distance + found.move[2] - distance), error: part * found.error[2] };
        distances.push(z);
        const own = [0, 1].map((k) => ({ px: found.move[k] + centre[k], error: found.error[k] }));
        shifts.push(...own);
        write(
          `${kind} ${name} ${factor}: off ${z.px.toFixed(4)} ± ${z.error.toFixed(4)} %, ` +
            `${own.map(({ px, error }) => `${px.toFixed(3)} ± ${error.toFixed(3)}`).join(', ')} pixels, ` +
            `${found.used} stills, ${((user + system) / 1e6).toFixed(1)} s`,
        );
      }
    const worst = (all) => Math.max(...all.map(({ px }) => Math.abs(px)));
    const spread = (all) => rms(all.map(({ px, error }) => px / error)).toFixed(2);
    write(
      `${kind}: distance at most ${figure(worst(distances), worst(distances) <= 0.05, 'at most 0.05', 4)} % off, z rms ` +
        `${spread(distances)}; centre ${figure(worst(shifts), worst(shifts) <= 0.15, 'at most 0.15', 3)} pixels, z rms ${spread(shifts)}`,
    );
  }
}

const parts = { centres, detectors };
for (const part of values.parts.split(',')) await parts[part]();
await context.dispose();
if (missed > 0) {
  write(`\n${missed} figures miss what is asked`);
  process.exitCode = 1;
}
