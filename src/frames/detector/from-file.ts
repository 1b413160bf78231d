/** The geometry of a detector that is one flat panel, from the metadata of the file of the frames. */

import { flatGeometry } from '../../crystal/geometry/flat.js';
import type { Geometry, StatedHeader } from '../../crystal/geometry/geometry.js';
import { EwaldError } from '../../util/errors.js';
import type { Dataset, DetectorPanel, Metadata } from '../dataset.js';
import { ofDataset, openedArray } from './geometry-dataset.js';

/** Width and height of a dataset's frames. Throws `Shape` if the frames are not two-dimensional. */
export function frameSize({ name, shape }: Dataset): { readonly width: number; readonly height: number } {
  const [height, width, ...more] = shape.sig;
  if (width === undefined || height === undefined || more.length > 0)
    throw new EwaldError(
      'Shape',
      `${name}: a frame is [${shape.sig.join(', ')}]; expected rows and columns, or a geometry (-g) whose ` +
        'panels name their ' +
        `modules: ${Array.from({ length: Math.max(0, shape.sig.length - 2) }, (_, i) => `dim${i} = 0, `).join('')}dim${Math.max(0, shape.sig.length - 2)} = ss, …`,
    );
  return { width, height };
}

/** The panels that a file describes. Throws `Format` if it does not state its wavelength. */
function geometryOfPanels(name: string, meta: Metadata, panels: readonly DetectorPanel[]): Geometry {
  if (meta.wavelengthA === undefined)
    throw new EwaldError('Format', `${name} does not state its wavelength; give geometry: FILE (-g FILE)`);
  const distanceM = panels.reduce((sum, { cornerM }) => sum + cornerM[2], 0) / panels.length;
  const flat = flatGeometry({
    width: 1,
    height: 1,
    centrePx: [0, 0],
    pixelM: 1,
    distanceM,
    wavelengthA: meta.wavelengthA,
    saturation: meta.saturation ?? Number.POSITIVE_INFINITY,
  });
  return {
    ...flat,
    panels: panels.map(({ name, module, first, width, height, cornerM, fastM, slowM }) => {
      const pixelM = Math.hypot(...fastM);
      const scaled = (v: readonly [number, number, number]): [number, number, number] => [
        v[0] / pixelM,
        v[1] / pixelM,
        v[2] / pixelM,
      ];
      return {
        ...flat.panels[0],
        name,
        resolution: 1 / pixelM,
        corner: [cornerM[0] / pixelM, cornerM[1] / pixelM] as const,
        minFs: first.x,
        maxFs: first.x + width - 1,
        minSs: first.y,
        maxSs: first.y + height - 1,
        fs: scaled(fastM),
        ss: scaled(slowM),
        offsetM: cornerM[2] - distanceM,
        dimensions: [...module, 'ss', 'fs'] as const,
      };
    }),
  };
}

/**
 * The panels that a file describes, or one flat panel from its distance, pixel size, beam centre and wavelength. Throws
 * `Format`.
 */
export function geometryFromFile(dataset: Dataset): Geometry {
  const { name, meta, shape } = dataset;
  const stated = (geometry: Geometry): Geometry => ({
    ...ofDataset(geometry, openedArray(dataset)),
    ...ofEachFrame(meta),
    header: headerOf(dataset),
  });
  if (meta.panels) return stated(geometryOfPanels(name, meta, meta.panels));
  if (meta.turned)
    throw new EwaldError(
      'Format',
      `${name}: its detector is turned (${meta.turned.join(', ')}), and its header does not state about which axis and ` +
        'in which direction; give geometry: FILE (-g FILE)',
      { detail: { path: name, turned: [...meta.turned] } },
    );
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
    throw new EwaldError(
      'Format',
      `${name} does not state its ${missing.join(', ')}; give geometry: FILE (-g FILE); in JavaScript, ` +
        'ctx.peaks finds peaks without one',
    );
  if (Math.abs(pixelSizeM.x / pixelSizeM.y - 1) > 1e-6)
    throw new EwaldError(
      'Format',
      `${name}: its pixels are not square, ${pixelSizeM.x} x ${pixelSizeM.y} m; give geometry: FILE (-g FILE)`,
    );
  const [height = 0, width = 0] = shape.sig;
  const flat = flatGeometry({
    width,
    height,
    wavelengthA,
    distanceM,
    centrePx: [beamCentrePx.x, beamCentrePx.y],
    pixelM: pixelSizeM.x,
    saturation: meta.saturation ?? Number.POSITIVE_INFINITY,
  });
  return stated(flat);
}

/** The numbers of a beam that differ from frame to frame. */
function ofEachFrame({ ofEachFrame: { radiation, distance } = {} }: Metadata): Partial<Geometry> {
  const given = radiation && { path: radiation.path, unit: radiation.unit };
  return {
    ...(radiation && given ? { radiation: { kind: radiation.kind, given } } : {}),
    ...(distance ? { distance } : {}),
  };
}

const headerOf = ({ meta, mask }: Dataset): StatedHeader => ({
  saturation: meta.saturation,
  underload: meta.underload,
  markers: meta.markers,
  hasMask: mask !== undefined,
  wavelengthA: meta.wavelengthA,
  distanceM: meta.distanceM,
  pixelM: meta.pixelSizeM?.x,
  centrePx: meta.beamCentrePx && [meta.beamCentrePx.x, meta.beamCentrePx.y],
});

/** Headers of one detector differ by less: a spot 1000 pixels from the beam moves by five, and a beam by one. */
const [minShare, minPx] = [0.005, 1];

/** What a header states of values that a run with the limits of the first one would take for what they are not. */
function otherLimits(header: StatedHeader, first: StatedHeader): string[] {
  const { saturation, underload, markers = [] } = header;
  const known = first.markers ?? [];
  const marker = markers.find((one) => !known.includes(one));
  return [
    ...(saturation !== undefined && saturation < (first.saturation ?? Number.POSITIVE_INFINITY)
      ? [`overloads above ${saturation}, not ${first.saturation ?? 'none'}`]
      : []),
    ...(underload !== undefined && underload > (first.underload ?? Number.NEGATIVE_INFINITY)
      ? [`no counts below ${underload}, not ${first.underload ?? 'none'}`]
      : []),
    ...(marker === undefined ? [] : [`no counts at ${marker}, not ${known.join(' or ') || 'none'}`]),
    ...(header.hasMask && !first.hasMask ? ['a mask, not none'] : []),
  ];
}

/**
 * Refuses frames whose header states another place of the detector, another wavelength, or other values that are no
 * counts than the header from which the geometry of the run was derived. Throws `Format`.
 */
export function refuseOtherHeader({ header: first }: Geometry, dataset: Dataset): void {
  if (!first) return;
  const { name, meta } = dataset;
  const header = headerOf(dataset);
  const differing = ([what, of, unit]: readonly [string, 'wavelengthA' | 'distanceM' | 'pixelM', string]): string[] => {
    const [one, other] = [header[of], first[of]];
    const differs = one !== undefined && other !== undefined && !(Math.abs(one / other - 1) < minShare);
    return differs ? [`${what} of ${one} ${unit}, not ${other} ${unit}`] : [];
  };
  const found = (
    [
      ['a distance', 'distanceM', 'm'],
      ['a wavelength', 'wavelengthA', 'Å'],
      ['a pixel size', 'pixelM', 'm'],
    ] as const
  ).flatMap(differing);
  found.push(...otherLimits(header, first));
  const [one, other] = [header.centrePx, first.centrePx];
  if (one && other && !(Math.hypot(one[0] - other[0], one[1] - other[1]) < minPx))
    found.push(`a beam centre of ${one.join(', ')} pixels, not ${other.join(', ')}`);
  if (meta.turned) found.push(`a turned detector (${meta.turned.join(', ')}), not one at a right angle to the beam`);
  if (found.length > 0)
    throw new EwaldError(
      'Format',
      `${name}: its header states ${found.join(', and ')} as that of the first frame; a run has a single detector: ` +
        'index these frames in another run, or give a geometry for all of them (-g FILE)',
    );
}
