/**
 * A detector: its panels, its beam and its bad pixels, from a .geom file or from the metadata of the frames' file. The
 * peak finders, the run, the powder pattern, the viewer and the simulator all take this one description.
 *
 * Lengths are in metres, wavelengths in Å, reciprocal lengths in 1/Å without 2π. Pixels are counted from the corner of
 * the frame's first pixel, so that its centre lies at (0.5, 0.5).
 */

import type { FrameArray } from '../../bytes/dtype.js';
import type { numbers } from '../../compute/layout/peaks.js';
import type { Vector } from '../../crystal/cell.js';
import { cornersOf } from '../../crystal/geometry/check.js';
import { type Beam, type Geometry, type Panel, unitsPerPhotonOf } from '../../crystal/geometry/geometry.js';
import { PanelPlace, panelAt, positionOf, reciprocalOf } from '../../crystal/geometry/pixels.js';
import { awaited } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { inspect, knownOptions } from '../../util/options.js';
import type { Dataset } from '../dataset.js';
import { BadPixels, mark, markBeyond } from './bad-pixels.js';
import { type BeamOfFrame, beamsOfFile, type FileBeams } from './beams.js';
import { Counts, saturationOf, withLimits } from './counts.js';
import { frameSize, geometryFromFile } from './from-file.js';
import { refuseOtherDataset } from './geometry-dataset.js';
import { type OpenOther, openBeside } from './open-other.js';
import { type RingArc, resolutionRing } from './resolution-ring.js';
import { stacked, stackedGeometry } from './stacked.js';
import { inUnitsOf } from './stated-units.js';

/** Types of numbers in which frames are searched. */
type SearchedType = keyof typeof numbers;

/** A position on a panel. */
export interface DetectorPixel {
  readonly panel: Panel;
  /** Pixels along the frame's fast axis. */
  readonly fs: number;
  /** Pixels along the frame's slow axis. */
  readonly ss: number;
}

/** A rectangle of the laboratory's x and y, metres. */
export interface Extent {
  readonly minX: number;
  readonly maxX: number;
  readonly minY: number;
  readonly maxY: number;
}

/** Everything known about a detector before a frame is searched. */
export interface Detector {
  readonly geometry: Geometry;
  /** Pixels of a frame along the fast axis. */
  readonly width: number;
  /** Pixels of a frame along the slow axis. */
  readonly height: number;
  /** Type in which frames are searched: that of the data, or f32 for f64 frames. */
  readonly dtype: SearchedType;
  /**
   * Pixels that are bad in every frame, [ss, fs], nonzero where bad: according to the geometry, its masks and the
   * file's own mask.
   */
  readonly bad: Uint8Array;
  /** Values outside [least, greatest] are not counts. */
  readonly validRange: readonly [number, number];
  /**
   * Largest value of each pixel that is not saturated, [ss, fs], if the geometry names maps of it; otherwise the
   * `maximum` of its panel holds for all pixels.
   */
  readonly saturation?: Float32Array | undefined;
  /** Whether values within the valid range may be no counts on some panels, which `markFrame` marks. */
  readonly hasFlags: boolean;
  /**
   * Pixels that are bad in one frame, [ss, fs], nonzero where bad, if masks differ between frames or files; undefined if
   * they are those of `bad`. Throws `Format` for u8 and u16 frames of a file with other bad pixels than the first one,
   * unless 255 or 65535 is declared no count: saturated pixels have this value.
   */
  badOf(dataset: Dataset, frame: number, signal?: PlatformSignal): Promise<Uint8Array | undefined>;
  /**
   * Gives the pixels of a frame that have no count a value outside the valid range, in place: those that are bad in this
   * frame, and those whose value a panel of the geometry declares bad. `bad` is the result of `badOf`.
   */
  markFrame(frame: FrameArray, bad?: Uint8Array): void;
  /**
   * Detector units per photon in the first frame, if the geometry states them and they are the same in all panels.
   */
  readonly unitsPerPhoton?: number | undefined;
  /** The beam of the first frame that has a possible one; the default of the methods below. */
  readonly beam: Beam;
  /** Beams of a file's frames, which may differ from frame to frame; read once per file. */
  beams(file: string): Promise<BeamOfFrame>;
  /** The panel that holds a pixel; undefined between panels. */
  panelAt(fs: number, ss: number): Panel | undefined;
  /** Position of a pixel in the laboratory, metres: +z along the beam, the sample at the origin. */
  positionOf(fs: number, ss: number, beam?: Beam): Vector | undefined;
  /** Reciprocal vector of a pixel in 1/Å, q = X/(λ|X|) − (0, 0, 1/λ). */
  reciprocalOf(fs: number, ss: number, beam?: Beam): Vector | undefined;
  /** Resolution of a pixel, d = 1/|q| in Å. */
  resolutionOf(fs: number, ss: number, beam?: Beam): number | undefined;
  /** The pixel hit by the ray from the sample through a position in the laboratory; undefined if it hits none. */
  pixelAt(position: Vector, beam?: Beam): DetectorPixel | undefined;
  /** The pixel to which a reciprocal vector is scattered, along k₀ + q; undefined if that ray hits no panel. */
  pixelOf(reciprocal: Vector, beam?: Beam): DetectorPixel | undefined;
  /** The bounding rectangle of the panels in the laboratory's x and y. */
  extent(beam?: Beam): Extent;
  /** The pixels of one resolution, d in Å: a curve on each panel that it crosses, tilted panels included. */
  ring(resolutionA: number, beam?: Beam): RingArc[];
}

/** Options of describing a detector. */
export interface DetectorOptions {
  /** The result of `parseGeometry`; default: the geometry described by the file itself. */
  readonly geometry?: Geometry | undefined;
  /** Additional bad pixels, nonzero where bad, [ss, fs]. */
  readonly bad?: Uint8Array | undefined;
  /** Pixels beyond this resolution, in angstrom, are bad; 0.1 … 1000, default: no limit. CrystFEL's highres. */
  readonly highres?: number | undefined;
  /**
   * Opens datasets that the geometry names in addition to the frames; default: looks in the file of the frames and the
   * files beside it.
   */
  readonly openOther?: OpenOther | undefined;
}

/** What is read and computed once for a detector, for other threads that open it. */
export interface DetectorTables {
  /** All pixels that are bad in every frame; undefined if masks differ from frame to frame. */
  readonly bad?: Uint8Array | undefined;
  /** Indices of those that the masks of the first file alone call bad. */
  readonly ofFirst?: Uint32Array | undefined;
  readonly saturation?: Float32Array | undefined;
  /** Whether other files follow, whose own masks may differ. */
  readonly mayDiffer?: boolean | undefined;
}

/** The names of the options, for the checks of callers that pass them on. */
const detectorOptionNames = ['geometry', 'bad', 'highres', 'openOther'] as const;

/** Largest number of files whose beams are cached. */
const maxFiles = 256;

const searched: readonly string[] = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32'];

/** The type in which frames are searched: their own, or f32 for f64 frames. Throws `Unsupported`. */
function searchedType({ name, dtype }: Dataset): SearchedType {
  if (searched.includes(dtype)) return dtype as SearchedType;
  if (dtype === 'f64') return 'f32';
  throw new EwaldError(
    'Unsupported',
    `${name}: frames are ${dtype}; peaks are found in ${searched.join(', ')} and f64; convert the file ` +
      '(ewald convert), or search Float32Array.from(frame, Number)',
  );
}

/**
 * Describes the detector of a dataset.
 *
 * Throws `Argument` if the dataset or the geometry is not one, `Shape` for a geometry or a mask of another detector,
 * `Format` if neither the geometry nor the file gives the wavelength, the distance or the pixel size, `Unsupported` for
 * complex frames. Where the caller passes no `openOther`, other files are opened by `beside`. What another thread knows
 * of the same detector is not read again.
 */
export async function openDetector(
  opened: Dataset,
  options: DetectorOptions = {},
  beside: OpenOther = openBeside(opened),
  known: DetectorTables = {},
): Promise<Detector> {
  if (typeof (opened as Partial<Dataset> | null)?.read !== 'function')
    throw new EwaldError(
      'Argument',
      `detector was given ${inspect(opened)}; it expects an open dataset: await open(file), from ewald/data`,
    );
  knownOptions('detector', options, detectorOptionNames);
  const { geometry: given, highres } = options;
  if (given !== undefined && !Array.isArray((given as Geometry | null)?.panels))
    throw new EwaldError('Argument', `detector: geometry is ${inspect(given)}; it expects what parseGeometry returns`);
  if (given) await refuseOtherDataset(given, opened);
  const described = given ?? (opened.meta?.panels ? geometryFromFile(opened) : undefined);
  const dataset = stacked(opened, described);
  const { width, height } = frameSize(dataset);
  const openOther = awaited('detector: openOther', options.openOther) ?? beside;
  const dtype = searchedType(dataset);
  const placed = described ? stackedGeometry(described, dataset) : geometryFromFile(dataset);
  const geometry = withLimits(inUnitsOf(placed, dataset.meta), dataset.meta, dataset.dtype);
  // Checks that this is the geometry of this detector before reading masks.
  checkPanels(geometry, width, height);
  if (options.bad !== undefined && (!(options.bad instanceof Uint8Array) || options.bad.length !== width * height))
    throw new EwaldError(
      'Shape',
      `detector: bad is ${inspect(options.bad)}; it expects a Uint8Array of ${width * height} pixels (${width} ` +
        `x ${height})`,
    );
  const opensOwn = options.openOther === undefined;
  const { mayDiffer, ofFirst } = known;
  const masks = await BadPixels.open(geometry, dataset, { openOther, opensOwn, known: known.bad, mayDiffer, ofFirst });
  const bad = masks.always;
  if (!known.bad) mark(bad, options.bad);
  const files = new Map<string, Promise<FileBeams>>();
  const beamsOf = (file: string): Promise<FileBeams> => {
    let known = files.get(file);
    if (!known) {
      known = beamsOfFile(geometry, file, openOther);
      files.set(file, known);
      // A run over single-frame files has as many files as frames, so the oldest entry is dropped.
      const [oldest] = files.keys();
      if (files.size > maxFiles && oldest !== undefined) files.delete(oldest);
      known.catch(() => files.delete(file));
    }
    return known;
  };
  const beams = async (file: string): Promise<BeamOfFrame> => (await beamsOf(file)).of;
  // A geometry without energy or distance fails the run, not every single frame.
  const beam = (await beamsOf(dataset.name)).first();
  if (highres !== undefined && !known.bad) markBeyond(bad, geometry, beam, width, 1 / highres);
  const isStated = given !== undefined || dataset.meta.unitsPerPhoton !== undefined;
  const unitsPerPhoton = isStated ? statedUnits(geometry, beam) : undefined;
  const saturation = known.saturation ?? (await saturationOf(geometry, dataset, openOther));
  const counts = new Counts(geometry, dataset.meta, width, dtype, {
    areFixed: masks.areFixed && !(mayDiffer && masks.mayVary),
    mayVary: masks.mayVary,
  });
  return new OpenDetector({
    geometry,
    unitsPerPhoton,
    width,
    height,
    dtype,
    bad,
    beam,
    beams,
    saturation,
    counts,
    masks,
    imageOf: (one) => (one.shape.sig.length === opened.shape.sig.length ? stacked(one, described) : one),
  });
}

/** The units per photon on which all panels of a geometry agree; undefined if it states none. */
function statedUnits({ panels }: Geometry, { wavelengthA }: Beam): number | undefined {
  const units = new Set(panels.map((panel) => unitsPerPhotonOf(panel, wavelengthA)));
  return units.size === 1 ? [...units][0] : undefined;
}

/** Rejects a geometry whose panels do not fit into the frames. Throws `Shape`. */
export function checkPanels(geometry: Geometry, width: number, height: number): void {
  for (const { name, maxFs, maxSs } of geometry.panels) {
    if (maxFs >= width || maxSs >= height)
      throw new EwaldError(
        'Shape',
        `the panel ${name} ends at fs ${maxFs}, ss ${maxSs}, but a frame has ${width} x ${height} pixels; is it ` +
          'the geometry of this detector?',
      );
  }
}

/** What a detector has read and computed once; nothing for a detector of the caller's own. */
export const tablesOf = (detector: Detector): DetectorTables =>
  detector instanceof OpenDetector ? detector.tables : {};

/**
 * Number of pixels that a detector of several files leaves out in a file because the mask of the first one calls them
 * bad, although its own does not; 0 for a detector of the caller's own.
 */
export const goodInFile = async (detector: Detector, dataset: Dataset): Promise<number> =>
  detector instanceof OpenDetector ? detector.goodInFile(dataset) : 0;

/** Every value of a u8 or u16 frame may be a count, so that none is left for bad pixels of one file. */
const otherMask = ({ name }: Dataset, dtype: SearchedType): EwaldError => {
  const most = dtype === 'u8' ? 255 : 65535;
  return new EwaldError(
    'Format',
    `${name} has a mask with bad pixels that the first file does not have, and frames of ${dtype} have no value that ` +
      `marks them; index these frames in another run, or say that ${most} is no count in any file (in the geometry: ` +
      `flag_morethan = ${most - 1})`,
    { detail: { path: name } },
  );
};

interface DetectorParts
  extends Pick<
    Detector,
    'geometry' | 'unitsPerPhoton' | 'width' | 'height' | 'dtype' | 'bad' | 'beam' | 'beams' | 'saturation'
  > {
  readonly counts: Counts;
  readonly masks: BadPixels;
  /** Frames as images, if they are not. */
  readonly imageOf: (dataset: Dataset) => Dataset;
}

class OpenDetector implements Detector {
  readonly geometry: Geometry;
  readonly unitsPerPhoton: number | undefined;
  readonly width: number;
  readonly height: number;
  readonly dtype: SearchedType;
  readonly bad: Uint8Array;
  readonly validRange: readonly [number, number];
  readonly saturation: Float32Array | undefined;
  readonly hasFlags: boolean;
  readonly beam: Beam;
  readonly beams: Detector['beams'];
  readonly #counts: Counts;
  readonly #masks: BadPixels;
  readonly #imageOf: DetectorParts['imageOf'];

  constructor({
    imageOf,
    geometry,
    unitsPerPhoton,
    width,
    height,
    dtype,
    bad,
    beam,
    beams,
    saturation,
    counts,
    masks,
  }: DetectorParts) {
    this.geometry = geometry;
    this.unitsPerPhoton = unitsPerPhoton;
    [this.width, this.height, this.dtype] = [width, height, dtype];
    [this.bad, this.saturation] = [bad, saturation];
    [this.validRange, this.hasFlags] = [counts.validRange, counts.hasFlags];
    [this.beam, this.beams] = [beam, beams];
    [this.#counts, this.#masks, this.#imageOf] = [counts, masks, imageOf];
  }

  async badOf(dataset: Dataset, frame: number, signal?: PlatformSignal): Promise<Uint8Array | undefined> {
    const bad = await this.#masks.of(this.#imageOf(dataset), frame, signal);
    if (bad && !this.#counts.canMark) throw otherMask(dataset, this.dtype);
    return bad;
  }

  goodInFile(dataset: Dataset): Promise<number> {
    return this.#masks.goodHere(this.#imageOf(dataset));
  }

  /** What other threads need not read and compute again. */
  get tables(): DetectorTables {
    const { bad, saturation } = this;
    const { areFixed, ofFirst } = this.#masks;
    return { bad: areFixed ? bad : undefined, ofFirst: ofFirst.length > 0 ? ofFirst : undefined, saturation };
  }

  markFrame(frame: FrameArray, bad?: Uint8Array): void {
    this.#counts.markIn(frame, bad);
  }

  panelAt(fs: number, ss: number): Panel | undefined {
    return panelAt(this.geometry, fs, ss);
  }

  positionOf(fs: number, ss: number, beam = this.beam): Vector | undefined {
    const panel = this.panelAt(fs, ss);
    return panel && positionOf(panel, beam, fs - panel.minFs, ss - panel.minSs);
  }

  reciprocalOf(fs: number, ss: number, beam = this.beam): Vector | undefined {
    const panel = this.panelAt(fs, ss);
    return panel && reciprocalOf(panel, beam, fs - panel.minFs, ss - panel.minSs);
  }

  resolutionOf(fs: number, ss: number, beam = this.beam): number | undefined {
    const q = this.reciprocalOf(fs, ss, beam);
    return q && 1 / Math.hypot(...q);
  }

  pixelAt([x, y, z]: Vector, beam = this.beam): DetectorPixel | undefined {
    for (const panel of this.geometry.panels) {
      const place = new PanelPlace(panel, beam);
      if (place.find(x, y, z)) return { panel, fs: place.fs + panel.minFs, ss: place.ss + panel.minSs };
    }
    return undefined;
  }

  pixelOf([x, y, z]: Vector, beam = this.beam): DetectorPixel | undefined {
    return this.pixelAt([x, y, z + 1 / beam.wavelengthA], beam);
  }

  extent(beam = this.beam): Extent {
    let [minX, maxX, minY, maxY] = [
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ];
    for (const panel of this.geometry.panels)
      for (const [x, y] of cornersOf(panel, beam)) {
        [minX, maxX] = [Math.min(minX, x), Math.max(maxX, x)];
        [minY, maxY] = [Math.min(minY, y), Math.max(maxY, y)];
      }
    return { minX, maxX, minY, maxY };
  }

  ring(resolutionA: number, beam = this.beam): RingArc[] {
    return resolutionRing(this.geometry, beam, resolutionA);
  }
}
