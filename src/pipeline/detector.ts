/** The detector of a run: its geometry, from a .geom file or from what the frames' own file says, its beam and bad pixels. */
import type { BadValue, Beam, Geometry } from '../crystal/geometry/geometry.js';
import { badPixels, beamOf, type HeaderValues } from '../crystal/geometry/pixels.js';
import type { Dataset, Metadata } from '../data/dataset.js';
import { EwaldError } from '../errors.js';

/** Width and height of a dataset's frames. Throws `Shape` for what is no stack of pictures. */
export function frameSize({ name, shape }: Dataset): { readonly width: number; readonly height: number } {
  const [height, width, ...more] = shape.signal;
  if (width === undefined || height === undefined || more.length > 0)
    throw new EwaldError('Shape', `${name}: a frame is [${shape.signal.join(', ')}]; needed are rows and columns`);
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
  const own = await dataset.mask?.();
  own?.forEach((value, i) => {
    if (value) bad[i] = 1;
  });
  const masks = new Map<string, Promise<ArrayLike<number>>>();
  for (const panel of geometry.panels)
    for (const { path, file: of, goodBits, badBits } of panel.masks) {
      const key = `${of ?? ''} ${path}`;
      if (!masks.has(key)) masks.set(key, readMask(of ?? file, path, width * height, openOther));
      const mask = await masks.get(key);
      for (let ss = panel.minSs; ss <= panel.maxSs; ss++)
        for (let fs = panel.minFs; fs <= panel.maxFs; fs++) {
          const i = ss * width + fs;
          // Unsigned: bits of a mask go to the 32nd.
          const bits = (mask?.[i] ?? 0) >>> 0;
          if ((bits & goodBits) >>> 0 !== goodBits >>> 0 || (bits & badBits) !== 0) bad[i] = 1;
        }
    }
  return bad;
}

async function readMask(file: string, path: string, pixels: number, openOther: OpenOther): Promise<ArrayLike<number>> {
  const mask = await openOther(file, path);
  try {
    if (mask.frameLength !== pixels)
      throw new EwaldError(
        'Shape',
        `the mask ${path} of ${file} has ${mask.frameLength} pixels; a frame has ${pixels}`,
      );
    return (await mask.read(0, 1)) as ArrayLike<number>;
  } finally {
    await mask.dispose();
  }
}

/** The beam of a geometry whose numbers may stand in the frames' file. */
export async function beamOfRun(geometry: Geometry, file: string, openOther: OpenOther): Promise<Beam> {
  const values = new Map<string, number>();
  const given = [geometry.radiation?.given, geometry.distance, ...geometry.shift];
  for (const one of given) {
    if (!one || !('path' in one) || values.has(one.path)) continue;
    const dataset = await openOther(file, one.path).catch((cause) => {
      throw new EwaldError('Format', `${file} has no ${one.path}, which the geometry names`, { cause });
    });
    try {
      values.set(one.path, Number((await dataset.read(0, 1))[0]));
    } finally {
      await dataset.dispose();
    }
  }
  const header: HeaderValues = (path) => values.get(path);
  return beamOf(geometry, header);
}
