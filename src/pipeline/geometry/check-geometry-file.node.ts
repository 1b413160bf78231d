/** `checkGeometryFile`: describes and draws a detector geometry, and checks that it is consistent and fits frames. */

import { checkGeometry, type GeometryFacts } from '../../crystal/geometry/check.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { parseGeometry } from '../../crystal/geometry/parse.js';
import { beamOf, extentOf } from '../../crystal/geometry/pixels.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import type { Dataset } from '../../frames/dataset.js';
import { beamsOfFile } from '../../frames/detector/beams.js';
import { contradictions } from '../../frames/detector/contradictions.js';
import { checkPanels, openDetector } from '../../frames/detector/detector.js';
import { otherInFrames } from '../../frames/detector/each-frame.js';
import { frameSize, geometryFromFile } from '../../frames/detector/from-file.js';
import { ofDataset, openedArray } from '../../frames/detector/geometry-dataset.js';
import { impossibleText } from '../../frames/detector/impossible.js';
import { openStacked, stackedGeometry } from '../../frames/detector/stacked.js';
import { wholeMachine } from '../../frames/files/inside.js';
import { readText } from '../../frames/files/read.js';
import { type Output, openOutput, type WriteOptions } from '../../frames/files/write.js';
import { open } from '../../frames/opening.node.js';
import { geometryPicture } from '../../report/geometry-picture.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import type { SomeFrames } from '../first-frames/tune.js';
import { inputKindIn } from '../inputs/inputs.js';
import { withFilesInside } from '../inputs/inside.js';
import { runPlace } from '../inputs/place.node.js';
import type { CheckGeometryOptions } from '../parameter-types.js';
import { displacedDetector, displacedText, howToShift } from './displaced.js';

export type { CheckGeometryOptions } from '../parameter-types.js';

/** The result of checking a geometry. */
export interface CheckedGeometry extends GeometryFacts {
  readonly geometry: Geometry;
  readonly beam: Beam;
  /** Assumptions made because the geometry refers to values in a file of frames that was not given. */
  readonly assumed: readonly string[];
  /** Inconsistencies within the geometry or between it and the frames; empty if there are no problems. */
  readonly problems: readonly string[];
}

/**
 * Checks a .geom file, or the geometry described in a file of frames: that panels do not overlap, share pixels or have
 * steps of unusual lengths, that distance and wavelength are plausible, and that the panels fit into the frames.
 *
 * Throws `Format` for a geometry that cannot be read, `File`, `Argument` for outputs that exist (see `force`).
 */
export async function checkGeometryFile(file: string, options: CheckGeometryOptions = {}): Promise<CheckedGeometry> {
  const inputs = [file, ...(options.framesFile === undefined ? [] : [options.framesFile])];
  const writing: WriteOptions = { force: options.force ?? false, inputs };
  const outputs: [Output, (checked: CheckedGeometry) => string][] = [];
  try {
    // Outputs are opened first, so that one that cannot be written is rejected before frames are opened.
    if (options.svg !== undefined)
      outputs.push([
        await openOutput(options.svg, { ...writing, endings: ['.svg'] }),
        ({ geometry, beam }) => geometryPicture(geometry, beam),
      ]);
    if (options.output !== undefined)
      outputs.push([
        await openOutput(options.output, { ...writing, endings: ['.geom'] }),
        ({ geometry }) => formatGeometry(geometry),
      ]);
    const checked = await check(file, options);
    for (const [output, content] of outputs) await output.write(content(checked));
    for (const [output] of outputs) await output.close();
    return checked;
  } finally {
    for (const [output] of outputs) await output.discard();
  }
}

/** Opens another file that a geometry refers to. */
const openOther = (file: string, path: string): Promise<Dataset> => open(file, { dataset: path });

async function check(file: string, options: CheckGeometryOptions): Promise<CheckedGeometry> {
  const { framesFile } = options;
  const own = (await inputKindIn(runPlace, file)) === 'frames';
  if (own && framesFile !== undefined) {
    const areBoth = (await inputKindIn(runPlace, framesFile)) === 'frames';
    throw new EwaldError(
      'Argument',
      `${file} holds frames${areBoth ? `, as ${framesFile} does` : `, and ${framesFile} does not`}; expected a ` +
        `geometry first, then a file of frames${areBoth ? '' : `: ${framesFile} ${file}`}`,
    );
  }
  const frames = own ? file : framesFile;
  const beside = { given: file, name: file, frames: frames === undefined ? [] : [frames], siblings: [] };
  const allowOutside = options.allowOutside || wholeMachine;
  const parsed = own
    ? undefined
    : withFilesInside(parseGeometry(await readText(file), file), { ...beside, allowOutside }, runPlace);
  const { checksums, dataset: named } = options;
  const dataset =
    frames === undefined ? undefined : await openStacked((how) => open(frames, { ...how, checksums }), parsed, named);
  try {
    const given = parsed && named !== undefined && dataset ? ofDataset(parsed, openedArray(dataset)) : parsed;
    const geometry = given ?? geometryFromFile(dataset as Dataset);
    const { beam, assumed, surplus } = await beamFor(geometry, dataset);
    const misfit = dataset && !own ? misfits(geometry, dataset) : [];
    const facts = checkGeometry(geometry, beam);
    const stated = dataset && !own ? contradictions(geometry, beam, facts, dataset).map(({ text }) => text) : [];
    const inFrames = dataset && !own ? await otherInFrames(geometry, dataset, openOther) : [];
    const displaced = dataset && misfit.length === 0 ? await displacedProblem(geometry, dataset) : [];
    // What every run refuses, if nothing is assumed.
    const impossible = assumed.length === 0 ? (impossibleText(geometry, beam) ?? []) : [];
    // What the file says about itself in vain is not looked at below.
    const doubted = own && dataset ? dataset.notes.flatMap(({ kind, text }) => (kind === 'warning' ? [text] : [])) : [];
    const problems = [impossible, doubted, surplus, misfit, facts.problems, stated, inFrames, displaced].flat();
    return { ...facts, geometry, beam, assumed, problems };
  } finally {
    await dataset?.dispose();
  }
}

/** The beam; usual values are assumed, and listed in `assumed`, if the geometry refers to files that are not given. */
async function beamFor(
  geometry: Geometry,
  dataset: Dataset | undefined,
): Promise<{ readonly beam: Beam; readonly assumed: readonly string[]; readonly surplus: readonly string[] }> {
  if (dataset) {
    const beams = await beamsOfFile(geometry, dataset.name, openOther);
    return { beam: beams.first(), assumed: [], surplus: beams.surplus(dataset.frames) };
  }
  const pointed = [geometry.radiation?.given, geometry.distance, ...geometry.shift].flatMap((given) =>
    given && 'path' in given ? [given.path] : [],
  );
  if (pointed.length === 0) return { beam: beamOf(geometry), assumed: [], surplus: [] };
  const assumed = [
    `${pointed.join(', ')}: values in the frames' file, which comes after the geometry (framesFile in JavaScript); ` +
      '10 keV and 0.1 m are assumed for them',
  ];
  const usual: Record<string, number> = { wavelength: 1.24, photonEnergy: 10_000, electronVoltage: 200_000 };
  const radiation =
    geometry.radiation && 'path' in geometry.radiation.given
      ? { ...geometry.radiation, given: { value: usual[geometry.radiation.kind] ?? 1 } }
      : geometry.radiation;
  const distance = geometry.distance && 'path' in geometry.distance ? { value: 0.1 } : geometry.distance;
  const [x, y] = geometry.shift.map((one) => ('path' in one ? { value: 0 } : one));
  const shift = [x ?? { value: 0 }, y ?? { value: 0 }] as const;
  return { beam: beamOf({ ...geometry, radiation, distance, shift }), assumed, surplus: [] };
}

/** Whether the background of the first frames is centred elsewhere than at the beam. */
async function displacedProblem(geometry: Geometry, dataset: Dataset): Promise<string[]> {
  const detector = await openDetector(dataset, { geometry: geometry }, openOther);
  const firstFrames = async function* (most: number): AsyncGenerator<SomeFrames> {
    yield { dataset, frames: Array.from({ length: Math.min(most, dataset.frames) }, (_, frame) => frame) };
  };
  const displaced = await displacedDetector(detector, detector.geometry, firstFrames);
  return displaced ? [`${displacedText(displaced)}; ${howToShift}`] : [];
}

function misfits(given: Geometry, dataset: Dataset): string[] {
  const found: string[] = [];
  const { width, height } = frameSize(dataset);
  let geometry = given;
  try {
    geometry = stackedGeometry(given, dataset);
    checkPanels(geometry, width, height);
  } catch (error) {
    if (!isEwaldError(error, 'Shape')) throw error;
    found.push(messageOf(error));
  }
  const { fs, ss } = extentOf(geometry);
  if (fs < width || ss < height)
    found.push(`the panels end at ${fs} x ${ss} pixels; frames of ${dataset.name} have ${width} x ${height}`);
  return found;
}
