/** `refineStreamGeometry`: refines the geometry of a stream on its crystals, as CrystFEL's align_detector does. */

import { anglesOf, type Cell, dot, lengthsOf, reciprocal, type Vector } from '../../crystal/cell.js';
import { type KnownCell, readCell } from '../../crystal/cell-file.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { parseGeometry } from '../../crystal/geometry/parse.js';
import { reciprocalOf } from '../../crystal/geometry/pixels.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import { readStream } from '../../crystal/stream/read.js';
import type { StreamChunk } from '../../crystal/stream/stream.js';
import { determinant } from '../../crystal/symmetry/matrices.js';
import { linesOf } from '../../frames/files/lines.js';
import { readCellOption, readText } from '../../frames/files/read.js';
import { openOutput } from '../../frames/files/write.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { cellRemark } from '../../refinement/detector-remarks.js';
import { refinementComments } from '../../refinement/geometry-text.js';
import {
  foundPanels,
  type IndexedPeaks,
  movedWithFound,
  sharesOf,
  unexplainedPanels,
  unexplainedText,
  withFoundPanels,
} from '../../refinement/misplaced.js';
import {
  fewestCrystals as fewestFitted,
  type GeometryCrystal,
  type GeometryRefinement,
  type MeasuredCell,
  type MovedUnit,
  refineGeometry,
} from '../../refinement/refine-geometry.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { median } from '../../util/median.js';
import { doubtText } from '../doubt.js';
import { geometryOfHead, peaksOf } from '../sources/stream.js';
import { beamOfChunk } from '../streams/beam-of-chunk.js';
import { scatterText } from './cells-scatter.js';

/** Options of `refineStreamGeometry`. */
export interface RefineStreamGeometryOptions {
  /** The .geom file to refine; default: the geometry that the stream records. */
  readonly geometry?: string | undefined;
  /** The known cell, as `-p` of `ewald index`; default: the one that the stream records. */
  readonly cell?: string | undefined;
  /** See `refineGeometry`. Default false. */
  readonly trustCell?: boolean | undefined;
  /** The .geom file to write. */
  readonly output: string;
  /**
   * Replaces an existing file, but never an input, and writes a geometry although the cell is in doubt. Default false.
   */
  readonly force?: boolean | undefined;
}

/** A geometry refined on a stream. */
interface RefinedStreamGeometry extends GeometryRefinement {
  /**
   * What is doubtful about the cell or a panel; undefined if nothing is. If the crystals do not have the cell at all,
   * nothing is written without `force`.
   */
  readonly doubt: string | undefined;
  /** Remarks on crystals that were turned or left out. */
  readonly notes: readonly string[];
}

/** Maximum number of crystals used; the improvement from using more would be smaller than the errors of the cell. */
const maxCrystals = 1000;
/** A peak belongs to a crystal if all of its indices are within this distance of whole numbers. */
const nearNode = 0.25;
/** A crystal explains a peak within this distance; by chance it would explain one in 125. */
const atNode = 0.1;

/**
 * Refines a geometry on the crystals of a stream and writes it, with the motions in comments; the geometry is written
 * unchanged if nothing moves. See `refineGeometry`.
 *
 * Throws `Format` for a stream without geometry, cell or peak lists, and without `force` for crystals that explain so
 * few peaks that their cell is doubtful: a geometry would be fitted to a wrong cell. Throws `File`, `Argument` for an
 * output that exists.
 */
export async function refineStreamGeometry(
  stream: string,
  { geometry: file, cell, trustCell = false, output, force = false }: RefineStreamGeometryOptions,
): Promise<RefinedStreamGeometry> {
  const inputs = [stream, file, cell].filter((one) => one !== undefined);
  const written = await openOutput(output, { force, inputs, endings: ['.geom'] });
  try {
    const reader = await readStream(linesOf(stream), stream);
    const text = file === undefined ? reader.head.geometry : await readText(file);
    if (text === undefined)
      throw new EwaldError(
        'Format',
        `${stream} holds no geometry; give the one of its frames, geometry: FILE (-g FILE)`,
      );
    const geometry = parseGeometry(text, file ?? stream);
    const own = file === undefined ? geometry : geometryOfHead(reader.head.geometry, stream);
    if (cell === undefined && reader.head.cell === undefined)
      throw new EwaldError('Format', `${stream} holds no cell, which fixes the distance; give cells: [FILE] (-p FILE)`);
    const known = cell === undefined ? readCell(reader.head.cell ?? '', stream) : await readCellOption(cell);
    const panels = new Map(geometry.panels.map(({ name }, i) => [name, i]));
    const frames: IndexedPeaks[] = [];
    let [crystals, turned] = [0, 0];
    for await (const chunk of reader.chunks()) {
      if (crystals >= maxCrystals) break;
      if (chunk.crystals.length === 0) continue;
      frames.push(frameOf(chunk, geometry, beamOfChunk(chunk, geometry, own), peaksOf(chunk, panels, stream)));
      crystals += chunk.crystals.length;
      turned += chunk.crystals.filter(isLeftHanded).length;
    }
    const shares = frames.filter(({ count }) => count > 0).map(({ explained, count }) => sumOf(explained) / count);
    const doubt = doubtText(shares);
    if (doubt !== undefined && !force)
      throw new EwaldError('Format', `${stream}: ${doubt}; no geometry is written without --force (force: true)`, {
        detail: { path: stream },
      });
    const found = foundPanels(geometry, frames, unexplainedOf(geometry, frames));
    const begin = withFoundPanels(geometry, found);
    const fitted = frames.flatMap((frame) => crystalsOf(frame, begin, known));
    const refined = refineGeometry(begin, fitted, { trustCell });
    const misfit = misfitText(refined, fitted, known);
    if (misfit !== undefined && !force)
      throw new EwaldError('Format', `${stream}: ${misfit}; no geometry is written without --force (force: true)`, {
        detail: { path: stream },
      });
    const moved = movedWithFound(geometry, found, refined.moved);
    const unexplained = unexplainedText(
      geometry,
      unexplainedOf(
        refined.geometry,
        frames.map((frame) => ({ ...frame, explained: explainedAt(frame, refined.geometry) })),
      ).filter(({ panel: one }) => !found.some(({ panel }) => panel === one)),
    );
    const scatter = scatterText(fitted.map((crystal) => crystal.cell));
    const doubts = [
      doubt ?? misfit,
      scatter,
      ...refined.cells.map((cell) => cellText(cell, trustCell, refined.moved)),
      unexplained,
    ];
    const told = doubts.filter((text) => text !== undefined);
    const notes = [turnedText(turned, crystals), leftOutText(refined.crystals, crystals)].filter(
      (text) => text !== undefined,
    );
    const result = { ...refined, moved, doubt: told.length === 0 ? undefined : told.join('; '), notes };
    const doubtful = result.doubt === undefined ? '' : `; doubtful: ${result.doubt}\n`;
    const refinedText = `${refinementComments(result)}${doubtful}${formatGeometry(refined.geometry)}`;
    await written.write(moved.length === 0 ? text : refinedText);
    await written.close();
    return result;
  } finally {
    await written.discard();
  }
}

const isLeftHanded = ({ reciprocal: stars }: StreamChunk['crystals'][number]): boolean => determinant(stars.flat()) < 0;

const turnedText = (turned: number, crystals: number): string | undefined =>
  turned === 0
    ? undefined
    : `the axes a*, b*, c* of ${turned} of ${counted(crystals, 'crystal')} are left-handed: they are negated, which leaves ` +
      'every reflection at its place';

const leftOutText = (used: number, crystals: number): string | undefined =>
  used === crystals
    ? undefined
    : `${crystals - used} of ${counted(crystals, 'crystal')} are left out: they have too few peaks, or another cell`;

/** Why crystals and a known cell do not belong together, so that nothing can be fitted; undefined if they do. */
function misfitText(
  { crystals, cells }: GeometryRefinement,
  fitted: readonly GeometryCrystal[],
  { cell: known }: KnownCell,
): string | undefined {
  if (fitted.length === 0) return 'it has no crystals';
  if (crystals > 0 && (crystals < fewestFitted || cells.length > 0)) return undefined;
  const numbers = (of: (cell: Cell) => readonly number[]): number[] =>
    [0, 1, 2].map((i) => median(fitted.map(({ cell }) => of(cell)[i] as number)));
  const text = (...all: readonly (readonly number[])[]): string =>
    all
      .flat()
      .map((x) => x.toFixed(2))
      .join(' ');
  const why =
    crystals > 0 ? 'no place of the detector fits' : 'none of its crystals can be fitted to the known cell with';
  return (
    `${why} its ${counted(fitted.length, 'crystal')}: their cell is ${text(numbers(lengthsOf), numbers(anglesOf))} ` +
    `(median), the known one ${text(lengthsOf(known), anglesOf(known))}; check the cell (-p) and the wavelength`
  );
}

/** That the crystals have another cell than the known one, and that a trusted cell is not right. */
function cellText(cell: MeasuredCell, isTrusted: boolean, moved: readonly MovedUnit[]): string | undefined {
  const text = cellRemark(cell);
  if (text === undefined || !isTrusted) return text;
  const isFar = moved.some(({ name, shiftM }) => name === undefined && shiftM[2] !== 0);
  return (
    `${text}; peaks contradict a cell whose size is right to 0.03 % (--trust-cell)` +
    (isFar ? ', and the distance is the one that it would need' : '')
  );
}

const sumOf = (flags: Uint8Array): number => flags.reduce((sum, x) => sum + x, 0);

/** The panels of a geometry of whose peaks far fewer belong to crystals than of those of the others. */
function unexplainedOf(geometry: Geometry, frames: readonly IndexedPeaks[]) {
  const [first] = frames;
  return first ? unexplainedPanels(geometry, sharesOf(geometry.panels.length, frames), first.beam.shiftM) : [];
}

function frameOf({ crystals }: StreamChunk, geometry: Geometry, beam: Beam, peaks: PeakList): IndexedPeaks {
  const perAngstrom = ([x, y, z]: Vector): Vector => [x / 10, y / 10, z / 10];
  const cells = crystals.map((crystal): Cell => {
    const [a, b, c] = reciprocal(crystal.reciprocal.map(perAngstrom) as unknown as Cell);
    const negated = ([x, y, z]: Vector): Vector => [-x, -y, -z];
    return isLeftHanded(crystal) ? [negated(a), negated(b), negated(c)] : [a, b, c];
  });
  const within = (values: ArrayLike<number>, axis: 'minFs' | 'minSs'): number[] =>
    Array.from(values, (x, i) => x - (geometry.panels[peaks.panel[i] as number]?.[axis] ?? 0));
  const { count, panel, intensity } = peaks;
  const [fs, ss] = [within(peaks.fs, 'minFs'), within(peaks.ss, 'minSs')];
  const frame = { beam, count, panel, fs, ss, intensity, cells };
  return { ...frame, explained: explainedAt(frame, geometry) };
}

/** For each peak, 1 if a crystal explains it. */
function explainedAt(frame: Omit<IndexedPeaks, 'explained'>, geometry: Geometry): Uint8Array {
  const explained = new Uint8Array(frame.count);
  for (const rows of frame.cells)
    for (let i = 0; i < frame.count; i++) if (nodeOf(frame, i, geometry, rows).farthest < atNode) explained[i] = 1;
  return explained;
}

/** The node next to a peak, and how far its indices are from whole numbers. */
function nodeOf(
  { beam, panel, fs, ss }: Omit<IndexedPeaks, 'explained'>,
  i: number,
  { panels }: Geometry,
  rows: Cell,
): { readonly hkl: number[]; readonly farthest: number } {
  const own = panels[panel[i] as number];
  if (!own) return { hkl: [], farthest: Number.POSITIVE_INFINITY };
  const q = reciprocalOf(own, beam, fs[i] as number, ss[i] as number);
  const exact = rows.map((row) => dot(row, q));
  const hkl = exact.map(Math.round);
  return { hkl, farthest: Math.max(...exact.map((x, axis) => Math.abs(x - (hkl[axis] as number)))) };
}

/** The crystals of a frame, with the peaks near their nodes. */
const crystalsOf = (frame: IndexedPeaks, geometry: Geometry, known: KnownCell): GeometryCrystal[] =>
  frame.cells.map((rows) => {
    const found = Array.from({ length: frame.count }, (_, i) => ({ i, ...nodeOf(frame, i, geometry, rows) })).filter(
      ({ farthest }) => farthest < nearNode,
    );
    return {
      beam: frame.beam,
      cell: rows,
      known: known.cell,
      lengthErrorsA: known.lengthErrorsA,
      panel: found.map(({ i }) => frame.panel[i] as number),
      fs: found.map(({ i }) => frame.fs[i] as number),
      ss: found.map(({ i }) => frame.ss[i] as number),
      indices: found.flatMap(({ hkl }) => hkl),
    };
  });
