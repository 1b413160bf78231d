/** `refinePowderGeometry`: distance, centre and tilt of a detector by the rings of a known powder, without a crystal. */

import type { KnownCell } from '../../crystal/cell-file.js';
import {
  type Calibrant,
  calibrants,
  noPowder,
  parsePowder,
  ringsOfCalibrant,
  spacingsOf,
} from '../../crystal/cells/calibrants.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { parseGeometry } from '../../crystal/geometry/parse.js';
import { beamOf, meanDistance } from '../../crystal/geometry/pixels.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import { readStream } from '../../crystal/stream/read.js';
import type { StreamChunk } from '../../crystal/stream/stream.js';
import type { Dataset } from '../../frames/dataset.js';
import { openDetector } from '../../frames/detector/detector.js';
import { openStacked } from '../../frames/detector/stacked.js';
import { linesOf } from '../../frames/files/lines.js';
import { readCellOption, readText } from '../../frames/files/read.js';
import { openOutput } from '../../frames/files/write.js';
import { open } from '../../frames/opening.node.js';
import type { Move } from '../../indexing/few/place.js';
import type { IndexingMethods } from '../../indexing/room.js';
import { fitPowder, type PowderFit, refitted } from '../../refinement/powder-fit.js';
import type { PowderPoints } from '../../refinement/powder-rings.js';
import { movedGeometry } from '../../refinement/units.js';
import { type Progress, progressOf } from '../../util/callbacks.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { evenly } from '../../util/evenly.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import { inputKindIn } from '../inputs/inputs.js';
import { runPlace } from '../inputs/place.node.js';
import { geometryOfHead } from '../sources/stream.js';
import { readFrame } from '../stages/read-frame.js';
import { beamOfChunk } from '../streams/beam-of-chunk.js';
import { fewStills, type PlaceOfStills, placeByStills } from './place-by-stills.js';
import { type ImagePoints, pointsOfChunks, pointsOfImage, powderPixels, type StillPoints } from './powder-points.js';
import { powderComments, powderDoubt, type RefinedPowderGeometry, type RingCounts, seenRings } from './powder-text.js';

export type { RefinedPowderGeometry } from './powder-text.js';

/** Options of `refinePowderGeometry`. */
export interface RefinePowderGeometryOptions {
  /**
   * The rings: a calibrant by name (LaB6, CeO2, Si, Au), spacings in angstrom with commas between them, or a file with a
   * cell.
   */
  readonly powder: string;
  /** The .geom file to refine; default: the geometry that the input describes. */
  readonly geometry?: string | undefined;
  /** The .geom file to write. */
  readonly output: string;
  /** Replaces an existing file, but never an input. Default false. */
  readonly force?: boolean | undefined;
  /**
   * Indexes single stills where the input is a stream of few spots of a small cell: these tell the place better than
   * their rings, also with a pink beam. Default: rings alone.
   */
  readonly context?: IndexingMethods | undefined;
  /** Ends the call with an error `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
  /** Called with the frames or chunks that are read. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Frames whose sum is taken, and chunks whose peaks are. */
const [mostFrames, mostChunks] = [200, 5000];
/** Fewest points that are looked at. */
const fewestPoints = 12;

/**
 * Refines distance, centre and, where they are determined, tilts of a detector on the rings of a powder, and writes the
 * geometry. The input is frames of a powder, of which up to 200 are summed, a file with such a sum, or a stream whose
 * peaks are on rings of a known cell. The wavelength is that of the geometry, and an error of it is one of the distance.
 *
 * Throws `Format` if rings are too few, are not those of the powder, or fit at several places; `Argument` for a powder
 * that is none and for outputs that exist; `File`.
 */
export async function refinePowderGeometry(
  input: string,
  { powder, geometry: file, output, force = false, context, ...watch }: RefinePowderGeometryOptions,
): Promise<RefinedPowderGeometry> {
  const watched = { signal: watch.signal, tell: progressOf('refinePowderGeometry', watch) };
  checkSignal(watch.signal);
  const rings = await ringsOf(powder);
  const inputs = [input, ...(file === undefined ? [] : [file]), ...(rings.file === undefined ? [] : [rings.file])];
  const written = await openOutput(output, { force, inputs, endings: ['.geom'] });
  try {
    const text = file === undefined ? undefined : await readText(file);
    const geometry = text === undefined ? undefined : parseGeometry(text, file);
    const seen = await seenBy(input, geometry, rings, watched);
    const refined = await refinedOf(seen, rings, input, context);
    checkSignal(watch.signal);
    await written.write(`${powderComments(refined, rings.name)}${formatGeometry(refined.geometry)}`);
    await written.close();
    return refined;
  } finally {
    await written.discard();
  }
}

/** The rings that are looked for. */
interface Rings {
  /** How messages name them. */
  readonly name: string;
  /** Spacings down to one, in angstrom. */
  readonly downTo: (highres: number) => readonly number[];
  readonly file?: string;
  /** The cell of the file. */
  readonly cell?: KnownCell;
}

/** What a call is stopped by, and tells. */
interface Watched {
  readonly signal: PlatformSignal | undefined;
  readonly tell: ReturnType<typeof progressOf>;
}

async function ringsOf(powder: string): Promise<Rings> {
  const parsed = parsePowder(powder);
  if (typeof parsed === 'string') return { name: parsed, downTo: (highres) => ringsOfCalibrant(parsed, highres) };
  if (parsed) return { name: 'the listed spacings', downTo: (highres) => parsed.filter((d) => d >= highres) };
  const known = await readCellOption(powder).catch((error: unknown) => {
    throw noPowder(powder, error);
  });
  return { name: powder, downTo: (highres) => spacingsOf(known, highres), file: powder, cell: known };
}

/** What an input shows. */
interface Seen {
  readonly geometry: Geometry;
  readonly beam: Beam;
  readonly points: PowderPoints | ImagePoints | StillPoints;
  /** The points about another centre, in pixels from the beam; undefined for peaks. */
  readonly about: ((centre: readonly [number, number]) => ImagePoints) | undefined;
}

async function seenBy(
  input: string,
  geometry: Geometry | undefined,
  rings: Rings,
  { signal, tell }: Watched,
): Promise<Seen> {
  const kind = await inputKindIn(runPlace, input);
  if (kind === 'stream') return seenByStream(input, geometry, signal);
  if (kind !== 'frames') {
    // Of a file that is not there, its own error.
    if (kind === 'other') await runPlace.headOf(input, 1);
    throw new EwaldError(
      'Format',
      `${input} is ${kind === 'folder' ? 'a folder' : 'neither frames nor a stream'}; the rings of ${rings.name} are looked ` +
        'for in frames, their sum, or a stream with peaks (ewald index writes one without a cell)',
      { detail: { path: input } },
    );
  }
  const openOther = (other: string, path: string): Promise<Dataset> => open(other, { dataset: path });
  const dataset = await openStacked((how) => open(input, how), geometry);
  try {
    const detector = await openDetector(dataset, { geometry: geometry }, openOther);
    const { pixels, image } = powderPixels(detector);
    const [sums, counts] = [image.values, new Float64Array(pixels.count)];
    const [low, high] = detector.validRange;
    const frames = evenly(
      Array.from({ length: dataset.frames }, (_, frame) => frame),
      mostFrames,
    );
    for (const [n, frame] of frames.entries()) {
      checkSignal(signal);
      tell(n, frames.length, 'frames');
      const values = await readFrame(dataset, frame, detector, signal);
      for (let i = 0; i < pixels.count; i++) {
        const value = values[pixels.index[i] as number] as number;
        if (!(value >= low && value <= high)) continue;
        sums[i] = (sums[i] as number) + value;
        counts[i] = (counts[i] as number) + 1;
      }
    }
    for (let i = 0; i < pixels.count; i++) sums[i] = (sums[i] as number) / (counts[i] as number);
    const about = (centre: readonly [number, number]): ImagePoints => pointsOfImage(image, centre);
    return { geometry: geometry ?? detector.geometry, beam: detector.beam, points: about([0, 0]), about };
  } finally {
    await dataset.dispose();
  }
}

async function seenByStream(
  input: string,
  given: Geometry | undefined,
  signal: PlatformSignal | undefined,
): Promise<Seen> {
  const reader = await readStream(linesOf(input), input);
  const own = geometryOfHead(reader.head.geometry, input);
  const geometry = given ?? own;
  if (!geometry)
    throw new EwaldError('Format', `${input} holds no geometry; give the one of its frames, geometry: FILE (-g FILE)`);
  const chunks: StreamChunk[] = [];
  for await (const chunk of reader.chunks()) {
    checkSignal(signal);
    chunks.push(chunk);
    if (chunks.length === mostChunks) break;
  }
  const [first] = chunks;
  const beam = first ? beamOfChunk(first, geometry, own ?? geometry) : beamOf(geometry);
  return { geometry, beam, points: pointsOfChunks(chunks, geometry, own ?? geometry, input), about: undefined };
}

/** The geometry by the stills of a stream, if they are few spots of the cell, or by rings. */
async function refinedOf(
  seen: Seen,
  rings: Rings,
  input: string,
  context: IndexingMethods | undefined,
): Promise<RefinedPowderGeometry> {
  const { points, geometry, beam } = seen;
  const stills = context && rings.cell && 'offsets' in points ? fewStills(points, rings.cell) : undefined;
  if (!context || !stills) return refine(seen, rings, input);
  let [byRings, refusal]: [RefinedPowderGeometry | undefined, unknown] = [undefined, undefined];
  try {
    byRings = refine(seen, rings, input);
  } catch (error) {
    if (!isEwaldError(error, 'Format')) throw error;
    refusal = error;
  }
  // A tilt is what stills do not tell.
  if (byRings?.turnRad.some((turn) => turn !== 0)) return byRings;
  const starts: Move[] = [[0, 0, 0]];
  if (byRings) {
    const { shiftM, distanceM, givenDistanceM, pixelM } = byRings;
    starts.push([shiftM[0] / pixelM, shiftM[1] / pixelM, (distanceM - givenDistanceM) / pixelM]);
  }
  const optics = { wavelengthA: beam.wavelengthA, bandwidth: geometry.bandwidth };
  const found = await placeByStills(context, stills, optics, starts);
  if (found) return placedBy(found, geometry, beam, points);
  if (byRings) return byRings;
  const { message } = refusal as EwaldError;
  throw new EwaldError(
    'Format',
    `${message}; nor do its ${stills.offsets.length - 1} stills of few spots have this cell one by one, at distances within 3 % ` +
      'and a centre within some 3 pixels: check the cell and the wavelength, or set distance and centre nearer first',
    { detail: { path: input } },
  );
}

/** The geometry that stills tell. */
function placedBy(
  { move, error, used, spots, stills, points }: PlaceOfStills,
  geometry: Geometry,
  beam: Beam,
  seen: PowderPoints,
): RefinedPowderGeometry {
  const pixelM = pixelOf(geometry);
  const metres = (of: Move): Move => [of[0] * pixelM, of[1] * pixelM, of[2] * pixelM];
  const [shift, errors] = [metres(move), metres(error)];
  const givenDistanceM = meanDistance(geometry, beam);
  return {
    geometry: movedBy(geometry, beam, seen, shift, [0, 0]),
    distanceM: givenDistanceM + shift[2],
    distanceErrorM: errors[2],
    givenDistanceM,
    shiftM: [shift[0], shift[1]],
    shiftErrorM: [errors[0], errors[1]],
    turnRad: [0, 0],
    turnErrorRad: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    pixelM,
    rings: 0,
    covered: 0,
    points,
    onRings: spots,
    rmsPx: 0,
    stills: { used, of: stills },
  };
}

function refine({ geometry, beam, points: first, about }: Seen, rings: Rings, input: string): RefinedPowderGeometry {
  const refused = (why: string): EwaldError =>
    new EwaldError('Format', `${input}: ${why}`, { detail: { path: input } });
  if (first.x.length < fewestPoints)
    throw refused(
      `${about ? 'its sum has' : 'its frames have'} ${first.x.length} ${about ? 'maxima along rays from the beam' : 'peaks'}, ` +
        `which show no rings of ${rings.name}; give frames of a powder, or more of them`,
    );
  const optics = { wavelengthA: beam.wavelengthA, bandwidth: geometry.bandwidth ?? 0 };
  const highres = highresOf(first, beam.wavelengthA);
  const spacings = rings.downTo(highres);
  let [points, fit] = [first, fitPowder(first, spacings, optics)];
  if (fit && about) {
    points = about([-fit.motion[1], -fit.motion[2]]);
    fit = refitted(points, fit);
  }
  const counts = fit && seenRings(fit, points);
  const others = calibrants.filter((name) => name !== rings.name);
  const doubt = powderDoubt({
    fit,
    counts,
    points,
    distanceM: meanDistance(geometry, beam),
    pixelM: pixelOf(geometry),
    name: rings.name,
    areStrong: rings.file === undefined,
    others: () => others.flatMap((name) => likeOther(name, points, highres, optics)),
  });
  if (!fit || !counts || doubt !== undefined) throw refused(doubt ?? `it shows no rings of ${rings.name}`);
  return resultOf(geometry, beam, points, fit, counts);
}

/** Another calibrant whose rings fit near the place of the geometry. */
function likeOther(name: Calibrant, points: PowderPoints, highres: number, optics: Parameters<typeof fitPowder>[2]) {
  const fit = fitPowder(points, ringsOfCalibrant(name, highres), optics);
  return fit ? [{ name, fit }] : [];
}

const pixelOf = ({ panels }: Geometry): number => 1 / (panels[0]?.resolution ?? 1);

/** The spacing at the farthest point if the detector is nearer by half. */
function highresOf({ x, y, z }: PowderPoints, wavelengthA: number): number {
  let most = 0;
  for (let i = 0; i < x.length; i++)
    most = Math.max(most, Math.hypot(x[i] as number, y[i] as number) / (z[i] as number));
  return wavelengthA / (2 * Math.sin(Math.atan(2 * most) / 2));
}

function resultOf(
  geometry: Geometry,
  beam: Beam,
  points: PowderPoints,
  fit: PowderFit,
  { seen, covered }: RingCounts,
): RefinedPowderGeometry {
  const pixelM = pixelOf(geometry);
  const metres = (a: 0 | 1 | 2, of: PowderFit['motion']): number => of[a] * pixelM;
  const { motion, errors } = fit;
  const turn = fit.isTurned ? ([motion[3], motion[4]] as const) : ([0, 0] as const);
  const shift = [metres(1, motion), metres(2, motion), metres(0, motion)] as const;
  const givenDistanceM = meanDistance(geometry, beam);
  return {
    geometry: movedBy(geometry, beam, points, shift, turn),
    distanceM: givenDistanceM + shift[2],
    distanceErrorM: metres(0, errors),
    givenDistanceM,
    shiftM: [shift[0], shift[1]],
    shiftErrorM: [metres(1, errors), metres(2, errors)],
    turnRad: turn,
    turnErrorRad: [errors[3], errors[4]],
    pixelM,
    rings: seen,
    covered,
    points: points.x.length,
    onRings: fit.onRings,
    rmsPx: fit.rmsPx,
    stills: undefined,
  };
}

/** A geometry that is moved along x, y and z, and turned about the middle of the points. */
function movedBy(
  geometry: Geometry,
  beam: Beam,
  points: PowderPoints,
  shift: Move,
  turn: readonly [x: number, y: number],
): Geometry {
  const pixelM = pixelOf(geometry);
  const mean = (all: Float64Array): number => all.reduce((sum, value) => sum + value, 0) / all.length;
  const all = geometry.panels.map((_, i) => i);
  const centre = [
    mean(points.x) * pixelM - beam.shiftM[0],
    mean(points.y) * pixelM - beam.shiftM[1],
    mean(points.z) * pixelM - beam.distanceM,
  ] as const;
  const units = [
    { name: undefined, parent: -1, panels: all, centre },
    { name: 'tilt', parent: 0, panels: all, centre },
  ];
  return movedGeometry(geometry, units, [
    { shift, turn: [0, 0, 0] },
    { shift: [0, 0, 0], turn: [turn[0], turn[1], 0] },
  ]);
}
