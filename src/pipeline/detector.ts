/** The detector of a run: its geometry, from a .geom file or from what the frames' own file says, its beam and bad pixels. */
import type { BadValue, Beam, Geometry, Panel } from '../crystal/geometry/geometry.js';
import { badPixels, beamOf, type HeaderValues, reciprocalOf } from '../crystal/geometry/pixels.js';
import type { Dataset, Metadata } from '../data/dataset.js';
import { EwaldError, isEwaldError, messageOf } from '../errors.js';
import type { FrameDtype } from '../peaks/contract.js';
import { checkPanels, type Rings, ringsOf } from '../peaks/rings.js';
import { stacked, stackedGeometry } from './stacked.js';

/** Width and height of a dataset's frames. Throws `Shape` for what is no stack of pictures. */
export function frameSize({ name, shape }: Dataset): { readonly width: number; readonly height: number } {
  const [height, width, ...more] = shape.signal;
  if (width === undefined || height === undefined || more.length > 0)
    throw new EwaldError(
      'Shape',
      `${name}: a frame is [${shape.signal.join(', ')}]; needed are rows and columns, or a geometry (-g) whose panels say their modules: ${Array.from({ length: Math.max(0, shape.signal.length - 2) }, (_, i) => `dim${i} = 0, `).join('')}dim${Math.max(0, shape.signal.length - 2)} = ss, …`,
    );
  return { width, height };
}

/** One flat panel from what a file says of distance, pixel size, beam centre and wavelength. Throws `Format`. */
export function geometryFromFile({ name, meta, shape }: Dataset): Geometry {
  const { wavelengthA, distanceM, pixelSizeM, beamCentrePx } = meta;
  const missing = Object.entries({ wavelengthA, distanceM, pixelSizeM, beamCentrePx })
    .filter(([, value]) => value === undefined)
    .map(
      ([what]) =>
        ({ wavelengthA: 'wavelength', distanceM: 'distance', pixelSizeM: 'pixel size', beamCentrePx: 'beam centre' })[
          what
        ],
    );
  if (missing.length > 0 || !pixelSizeM || !beamCentrePx || wavelengthA === undefined || distanceM === undefined)
    throw new EwaldError('Format', `${name} does not say its ${missing.join(', ')}; give a geometry with -g`);
  if (Math.abs(pixelSizeM.x / pixelSizeM.y - 1) > 1e-6)
    throw new EwaldError(
      'Format',
      `${name}: its pixels are ${pixelSizeM.x} x ${pixelSizeM.y} m; give a geometry with -g`,
    );
  const [height = 0, width = 0] = shape.signal;
  return {
    radiation: { kind: 'wavelength', given: { value: wavelengthA } },
    bandwidth: undefined,
    distance: { value: distanceM },
    shift: [{ value: 0 }, { value: 0 }],
    badRegions: [],
    groups: new Map(),
    peakList: undefined,
    warnings: [],
    panels: [
      {
        name: 'p0',
        minFs: 0,
        maxFs: width - 1,
        minSs: 0,
        maxSs: height - 1,
        // As NXmx files of still images have it: fast scan along x, slow scan along y of the laboratory.
        corner: [-beamCentrePx.x, -beamCentrePx.y],
        fs: [1, 0, 0],
        ss: [0, 1, 0],
        resolution: 1 / pixelSizeM.x,
        offsetM: 0,
        data: '/entry/data/data',
        dimensions: ['%', 'ss', 'fs'],
        unitsPerPhoton: 1,
        unitsPerEv: undefined,
        maximum: meta.saturation ?? Number.POSITIVE_INFINITY,
        saturationMap: undefined,
        saturationMapFile: undefined,
        ignored: false,
        badEdge: 0,
        badValues: [],
        masks: [],
      },
    ],
  };
}

/** Values outside of which a pixel is no count, by what the file and the geometry say. */
export function validRange(meta: Metadata, { panels }: Geometry): readonly [number, number] {
  let [least, greatest] = [meta.underload ?? Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const marker of meta.markers ?? []) {
    if (marker > 0) greatest = Math.min(greatest, marker - 1);
    else least = Math.max(least, marker + 1);
  }
  // A value that every panel calls bad; others are marked pixel by pixel.
  const everywhere = (flag: BadValue): boolean =>
    panels.every(({ badValues }) => badValues.some(({ when, value }) => when === flag.when && value === flag.value));
  for (const flag of panels[0]?.badValues.filter(everywhere) ?? []) {
    if (flag.when === 'less') least = Math.max(least, flag.value);
    if (flag.when === 'more') greatest = Math.min(greatest, flag.value);
  }
  return [least, greatest];
}

/** Opens another dataset of a file: a mask, a number of the beam. */
export type OpenOther = (file: string, path: string) => Promise<Dataset>;

/** Pixels that are bad in every frame: by the geometry, its masks, and the file's own mask. */
export async function badEverywhere(
  geometry: Geometry,
  dataset: Dataset,
  file: string,
  openOther: OpenOther,
): Promise<Uint8Array> {
  const { width, height } = frameSize(dataset);
  const bad = badPixels(geometry, { fs: width, ss: height });
  mark(bad, await dataset.mask?.());
  const masks = new Map<string, Promise<ArrayLike<number>>>();
  for (const panel of geometry.panels)
    for (const { path, file: of, goodBits, badBits } of panel.masks) {
      const key = `${of ?? ''} ${path}`;
      if (!masks.has(key)) masks.set(key, readMask(of ?? file, path, width * height, openOther));
      markByBits(bad, (await masks.get(key)) ?? [], panel, width, goodBits >>> 0, badBits >>> 0);
    }
  return bad;
}

function markByBits(
  bad: Uint8Array,
  mask: ArrayLike<number>,
  { minFs, maxFs, minSs, maxSs }: Panel,
  width: number,
  good: number,
  wrong: number,
): void {
  for (let ss = minSs; ss <= maxSs; ss++)
    for (let i = ss * width + minFs, end = ss * width + maxFs; i <= end; i++) {
      // Unsigned: bits of a mask go to the 32nd.
      const bits = (mask[i] as number) >>> 0;
      if ((bits & good) >>> 0 !== good || (bits & wrong) !== 0) bad[i] = 1;
    }
}

function mark(bad: Uint8Array, more: Uint8Array | undefined): void {
  if (!more) return;
  for (let i = 0; i < more.length; i++) if (more[i] !== 0) bad[i] = 1;
}

async function readMask(file: string, path: string, pixels: number, openOther: OpenOther): Promise<ArrayLike<number>> {
  const mask = await openOther(file, path).catch((cause) => {
    if (isEwaldError(cause, 'Aborted')) throw cause;
    throw new EwaldError(
      'Format',
      `the mask ${path} of ${file}, which the geometry names, cannot be read: ${messageOf(cause)}; without it take its lines out of the geometry`,
      { cause },
    );
  });
  try {
    // Of modules it has more axes than a picture.
    const frames = mask.frames * mask.frameLength === pixels ? mask.frames : 1;
    if (frames * mask.frameLength !== pixels)
      throw new EwaldError(
        'Shape',
        `the mask ${path} of ${file} has ${mask.frameLength} pixels; a frame has ${pixels}`,
      );
    return (await mask.read(0, frames)) as ArrayLike<number>;
  } finally {
    await mask.dispose();
  }
}

/** The beam of each frame of a file. */
export type BeamOfFrame = (frame: number) => Beam;

/**
 * The beams of a file's frames: a geometry may point at numbers in the frames' own file, one for all frames or one each.
 * Throws `Format` where the file lacks them.
 */
export async function beamsOfFile(geometry: Geometry, file: string, openOther: OpenOther): Promise<BeamOfFrame> {
  const values = new Map<string, ArrayLike<number | bigint>>();
  const given = [geometry.radiation?.given, geometry.distance, ...geometry.shift];
  for (const one of given) {
    if (!one || !('path' in one) || values.has(one.path)) continue;
    const dataset = await openOther(file, one.path).catch((cause) => {
      throw new EwaldError(
        'Format',
        `${file} has no ${one.path}, which the geometry names; needed is that dataset, or the number itself in the geometry`,
        { cause },
      );
    });
    try {
      values.set(one.path, await dataset.read(0, dataset.frames));
    } finally {
      await dataset.dispose();
    }
  }
  const at =
    (frame: number): HeaderValues =>
    (path) => {
      const list = values.get(path);
      return list && Number(list[list.length > 1 ? frame : 0]);
    };
  // What the geometry lacks is told before a frame is read; one frame without its number is that frame's matter.
  const alone = standing(geometry, beamOf(geometry, values.size === 0 ? undefined : () => 1), values.size === 0);
  return values.size === 0 ? () => alone : (frame) => standing(geometry, beamOf(geometry, at(frame)), true);
}

/** Refuses a beam that no panel stands in. */
function standing({ panels }: Geometry, beam: Beam, known: boolean): Beam {
  const behind = known ? panels.find(({ offsetM }) => !(beam.distanceM + offsetM > 0)) : undefined;
  if (behind)
    throw new EwaldError(
      'Format',
      `the panel ${behind.name} stands at ${beam.distanceM + behind.offsetM} m (clen ${beam.distanceM} m, coffset ${behind.offsetM} m); needed is a distance above 0`,
    );
  return beam;
}

/** Files whose beams are kept. */
const mostFiles = 256;

const searched: readonly string[] = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32'];

/** The type that frames are searched as: their own, or f32 for wider reals. Throws `Unsupported`. */
function searchedType({ name, dtype }: Dataset): FrameDtype {
  if (searched.includes(dtype)) return dtype as FrameDtype;
  if (dtype === 'f64') return 'f32';
  throw new EwaldError(
    'Unsupported',
    `${name}: frames are ${dtype}; peaks are found in ${searched.join(', ')} and f64; ewald convert writes another type`,
  );
}

/** What is known of the detector before a frame is searched; finders and lanes share it. */
export interface Detector {
  readonly geometry: Geometry;
  readonly width: number;
  readonly height: number;
  readonly dtype: FrameDtype;
  /** Pixels that are bad in every frame. */
  readonly bad: Uint8Array;
  readonly rings: Rings;
  readonly validRange: readonly [number, number];
  /** Beams of a file's frames, read once a file. */
  beams(file: string): Promise<BeamOfFrame>;
}

/** How the detector of a run is found. */
export interface DetectorOptions {
  /** Default: what the file itself says. */
  readonly geometry?: Geometry | undefined;
  /** Further bad pixels, nonzero where bad, [ss, fs]. */
  readonly bad?: Uint8Array | undefined;
  readonly minRes?: number | undefined;
  readonly maxRes?: number | undefined;
  /** Pixels beyond this are bad, 1/d in 1/Å. */
  readonly maxInverseD?: number | undefined;
  /** Default: a geometry that points into files cannot be followed. */
  readonly openOther?: OpenOther | undefined;
}

/** Finds out what is known of the detector from the first dataset of a run. */
export async function openDetector(opened: Dataset, options: DetectorOptions = {}): Promise<Detector> {
  const dataset = stacked(opened, options.geometry);
  const { width, height } = frameSize(dataset);
  const geometry = options.geometry ? stackedGeometry(options.geometry, dataset) : geometryFromFile(dataset);
  const { openOther = noOther } = options;
  const dtype = searchedType(dataset);
  // Told before masks are read: whether it is the geometry of this detector at all.
  const reach = { minRadius: options.minRes ?? 0, maxRadius: options.maxRes ?? 0 };
  checkPanels(geometry, width, height);
  const bad = await badEverywhere(geometry, dataset, dataset.name, openOther);
  mark(bad, options.bad);
  const files = new Map<string, Promise<BeamOfFrame>>();
  const beamsOf = (file: string): Promise<BeamOfFrame> => {
    let known = files.get(file);
    if (!known) {
      known = beamsOfFile(geometry, file, openOther);
      files.set(file, known);
      // Runs of a file a frame have as many as they have frames: the oldest is read anew.
      const [oldest] = files.keys();
      if (files.size > mostFiles && oldest !== undefined) files.delete(oldest);
      known.catch(() => files.delete(file));
    }
    return known;
  };
  // A geometry without energy or distance is no fault of every single frame.
  await beamsOf(dataset.name);
  const { maxInverseD } = options;
  if (maxInverseD !== undefined) markBeyond(bad, geometry, (await beamsOf(dataset.name))(0), width, maxInverseD);
  return {
    geometry,
    width,
    height,
    dtype,
    bad,
    rings: ringsOf(geometry, width, height, reach, bad),
    validRange: validRange(dataset.meta, geometry),
    beams: beamsOf,
  };
}

function markBeyond(bad: Uint8Array, geometry: Geometry, beam: Beam, width: number, maxInverseD: number): void {
  for (const panel of geometry.panels)
    for (let ss = panel.minSs; ss <= panel.maxSs; ss++)
      for (let fs = panel.minFs; fs <= panel.maxFs; fs++) {
        const q = reciprocalOf(panel, beam, fs - panel.minFs + 0.5, ss - panel.minSs + 0.5);
        if (Math.hypot(...q) > maxInverseD) bad[ss * width + fs] = 1;
      }
}

const noOther: OpenOther = async (file, path) => {
  throw new EwaldError(
    'Unsupported',
    `${path} of ${file} is named by the geometry; give the run a way to open it, openOther`,
  );
};
