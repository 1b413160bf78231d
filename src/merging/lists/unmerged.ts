/** Writes unmerged observations as an MTZ file, for programs that scale and merge by themselves, such as careless. */

import { type Cell, cellFrom } from '../../crystal/cell.js';
import type { Centring } from '../../crystal/centring.js';
import { parseGeometry } from '../../crystal/geometry/parse.js';
import { meanDistance } from '../../crystal/geometry/pixels.js';
import { ccp4Symmetry, type Indices, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import type { Operation } from '../../crystal/symmetry/matrices.js';
import type { PointGroup } from '../../crystal/symmetry/point-group.js';
import { rotationsOfSpaceGroup } from '../../crystal/symmetry/space-group.js';
import { EwaldError } from '../../util/errors.js';
import { version } from '../../util/version.js';
import type { Fit, Identified } from '../fit/accumulate.js';
import { maxReflections } from '../fit/accumulate.js';
import { Excitation, lnFactor, parameterCount, rotationX, rotationY } from '../fit/model.js';
import { cifHead } from '../formats/cif-head.js';
import { formatMtz, type MtzBatch, type MtzContent } from './mtz.js';
import { orientationOf } from './mtz-orientation.js';

/** The contents of the file besides its observations. */
interface UnmergedHead extends Pick<MtzContent, 'title' | 'history' | 'parameters' | 'wavelengthA' | 'spaceGroup'> {
  readonly cell: Cell;
  readonly group: PointGroup;
}

/** Rows beyond this need more memory than JavaScript gives to arrays of triples. */
const maxRows = 2 ** 25;

/** The observations of the crystals that took part, as columns. */
interface Rows {
  /** As they were indexed, in the way that was chosen; and in CCP4's asymmetric unit. */
  readonly own: readonly Indices[];
  readonly indices: readonly Indices[];
  readonly batches: readonly MtzBatch[];
  readonly symmetry: Float32Array;
  readonly batch: Float32Array;
  readonly value: Float32Array;
  readonly error: Float32Array;
  readonly scale: Float32Array;
  readonly spacing: Float32Array;
  readonly offset: Float32Array;
  /** Where it meets the detector, see `planeOf`. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Whether the stream states the distance of the detector in pixels. */
  readonly isPlaced: boolean;
}

/** Rows of an mmCIF file, which is one text. */
const maxCifRows = 2 ** 22;

/**
 * The same observations as an mmCIF block: `_diffrn_refln` with the indices as they were measured, an image for each crystal.
 * Throws `Limit` beyond 4 194 304 rows.
 */
export function formatUnmergedCif(
  rows: Rows,
  head: Pick<UnmergedHead, 'parameters' | 'wavelengthA' | 'spaceGroup'>,
): string {
  const { own, batch, value, error, scale, x, y, isPlaced } = rows;
  const items = ['diffrn_id', 'id', 'index_h', 'index_k', 'index_l', 'pdbx_image_id'];
  items.push('intensity_net', 'intensity_sigma', 'pdbx_scale_value');
  if (isPlaced) items.push('pdbx_detector_x', 'pdbx_detector_y');
  const number = (x: number | undefined): string =>
    x !== undefined && Number.isFinite(x) ? String(Number(x.toPrecision(7))) : '?';
  const lines = [
    ...cifHead('unmerged', { ...head, isSerial: true }),
    'loop_',
    ...items.map((item) => `_diffrn_refln.${item}`),
  ];
  for (const [i, indices] of own.entries())
    lines.push(
      `1 ${i + 1} ${indices.join(' ')} ${batch[i]} ${number(value[i])} ${number(error[i])} ${number(scale[i])}` +
        (isPlaced ? ` ${number(x[i])} ${number(y[i])}` : ''),
    );
  return `${lines.join('\n')}\n`;
}

/**
 * The observations of the crystals that took part, in the setting that was chosen for each. Indices are in CCP4's
 * asymmetric unit, and M/ISYM states the symmetry operator that led there. Columns: BATCH (the crystal's number from 1
 * on, with a batch header each, which has its orientation U), I, SIGI, SCALE (the factor that converts an observation to the full intensity in
 * the merged list), dHKL (angstrom), ewald_offset (1/angstrom, with the corrected orientation), XDET and YDET (where it is
 * predicted on a plane across the beam, in pixels from the beam). Throws `Limit` beyond 33 554 432 rows.
 */
export function formatUnmerged(
  { indices, batches, symmetry, batch, value, error, scale, spacing, offset, x, y }: Rows,
  { group: _group, ...head }: UnmergedHead,
): Uint8Array {
  return formatMtz({
    ...head,
    indices,
    batches,
    columns: [
      { label: 'M/ISYM', type: 'Y', values: symmetry },
      { label: 'BATCH', type: 'B', values: batch },
      { label: 'I', type: 'J', values: value },
      { label: 'SIGI', type: 'Q', values: error },
      { label: 'SCALE', type: 'R', values: scale },
      { label: 'dHKL', type: 'R', values: spacing },
      { label: 'ewald_offset', type: 'R', values: offset },
      { label: 'XDET', type: 'R', values: x },
      { label: 'YDET', type: 'R', values: y },
    ],
  });
}

/** What the observations of a merge became. */
interface UnmergedOf {
  readonly fit: Fit;
  readonly chosen: Uint8Array;
  readonly ways: readonly Operation[];
  /** By which the merged list is multiplied. */
  readonly factor: number;
  /** The geometry that the stream states. */
  readonly geometry: string;
}

/** Distance of a plane whose geometry states none as a number, pixels. */
const usualDistancePx = 1000;

/** How far behind the crystal the plane is on which positions are stated, in pixels: where the stream has its detector. */
function planeOf(text: string): { readonly distancePx: number; readonly isPlaced: boolean } {
  try {
    const geometry = parseGeometry(text);
    const { distance, panels } = geometry;
    if (distance && 'value' in distance) {
      const distancePx = meanDistance(geometry, { distanceM: distance.value }) * (panels[0]?.resolution ?? Number.NaN);
      if (distancePx > 0) return { distancePx, isPlaced: true };
    }
  } catch {
    // A geometry that a merge does not need may have words that nothing reads.
  }
  return { distancePx: usualDistancePx, isPlaced: false };
}

/** The observations that a file has. Throws `Limit` for more than `kind` holds. */
export function unmergedRows(
  { observations, noise }: Identified,
  { fit, chosen, ways, factor, geometry }: UnmergedOf,
  { group, spaceGroup }: Pick<UnmergedHead, 'group' | 'spaceGroup'>,
  kind: 'mtz' | 'cif',
): Rows {
  const { crystals, offsets, h, k, l, intensity, sigma, reciprocal, wavelengths } = observations;
  let rows = 0;
  for (let c = 0; c < crystals; c++)
    if (fit.selected[c] === 1) rows += (offsets[c + 1] as number) - (offsets[c] as number);
  const [most, form] = kind === 'mtz' ? [maxRows, 'MTZ'] : [maxCifRows, 'mmCIF'];
  if (rows > most)
    throw new EwaldError(
      'Limit',
      `${rows} observations are too many for one ${form} file, at most ${most}; merge fewer streams`,
    );
  const unit = ccp4Symmetry(group, rotationsOfSpaceGroup(spaceGroup), spaceGroup.name[0] as Centring);
  const [indices, all]: [Indices[], Indices[]] = [[], []];
  const batches: MtzBatch[] = [];
  const column = (): Float32Array => new Float32Array(rows);
  const [symmetry, batch, value, error, scale, spacing, offset] = [0, 0, 0, 0, 0, 0, 0].map(column) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const [x, y] = [column(), column()];
  const { distancePx, isPlaced } = planeOf(geometry);
  const excitation = new Excitation(maxReflections(observations));
  for (let c = 0; c < crystals; c++) {
    if (fit.selected[c] !== 1) continue;
    const at = parameterCount * c;
    const { parameters } = fit;
    const turn = [parameters[at + rotationX] as number, parameters[at + rotationY] as number] as const;
    const way = ways[chosen[c] as number] as Operation;
    excitation.of(observations, c, ...turn);
    const first = offsets[c] as number;
    const orientation = orientationOf(cellFrom(observations.reciprocal, 9 * c), way, turn);
    batches.push({
      number: c + 1,
      title: `ewald ${version}: crystal ${c + 1}`,
      orientation,
      wavelengthA: wavelengths[c],
    });
    for (let i = first; i < (offsets[c + 1] as number); i++) {
      const row = indices.length;
      const own = transformed([h[i] as number, k[i] as number, l[i] as number], way);
      const place = unit?.(own) ?? { indices: own, isym: 1 };
      indices.push(place.indices);
      all.push(own);
      symmetry[row] = place.isym;
      batch[row] = c + 1;
      value[row] = intensity[i] as number;
      error[row] = sigma[i] as number;
      scale[row] = factor * Math.exp(-lnFactor(noise.partiality, parameters, at, excitation, i - first));
      spacing[row] = 1 / Math.sqrt(excitation.q2[i - first] as number);
      offset[row] = excitation.error[i - first] as number;
      const along = (axis: number): number =>
        (h[i] as number) * (reciprocal[9 * c + axis] as number) +
        (k[i] as number) * (reciprocal[9 * c + 3 + axis] as number) +
        (l[i] as number) * (reciprocal[9 * c + 6 + axis] as number);
      const forward = along(2) + 1 / (wavelengths[c] as number);
      x[row] = (distancePx * along(0)) / forward;
      y[row] = (distancePx * along(1)) / forward;
    }
  }
  return { own: all, indices, batches, symmetry, batch, value, error, scale, spacing, offset, x, y, isPlaced };
}
