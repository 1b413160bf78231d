/** The geometry of a detector that is one flat panel, from the metadata of the file of the frames. */

import { flatGeometry } from '../../crystal/geometry/flat.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { EwaldError } from '../../util/errors.js';
import type { Dataset, DetectorPanel, Metadata } from '../dataset.js';
import { ofDataset, openedArray } from './geometry-dataset.js';
import { headerOf } from './stated-header.js';

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
