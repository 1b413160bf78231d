/** `refineStreamGeometry`: refines the geometry of a stream on its crystals, as CrystFEL's align_detector does. */

import { EwaldError } from '../../../base/errors.js';
import { dot, reciprocal, type Vector } from '../../../crystal/cell.js';
import { readCell } from '../../../crystal/cell-file.js';
import { parseGeometry } from '../../../crystal/geometry/parse.js';
import { reciprocalOf } from '../../../crystal/geometry/pixels.js';
import { formatGeometry } from '../../../crystal/geometry/write.js';
import { readStream } from '../../../crystal/stream/read.js';
import type { StreamChunk, StreamCrystal } from '../../../crystal/stream/stream.js';
import { linesOf } from '../../../io/files/lines.js';
import { readCellOption, readText } from '../../../io/files/read.js';
import { openOutput } from '../../../io/files/write.js';
import { refinementComments } from '../../refinement/geometry-text.js';
import { type GeometryCrystal, type GeometryRefinement, refineGeometry } from '../../refinement/refine-geometry.js';
import { doubtText } from '../doubt.js';
import { geometryOfHead, peaksOf } from '../sources/stream.js';
import { beamOfChunk } from '../streams/beam-of-chunk.js';

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
  /** Why the cell is in doubt; undefined if it is not. With a doubt nothing is written without `force`. */
  readonly doubt: string | undefined;
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
  { geometry: file, cell, trustCell, output, force = false }: RefineStreamGeometryOptions,
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
    const crystals: GeometryCrystal[] = [];
    const explained: number[] = [];
    for await (const chunk of reader.chunks()) {
      if (crystals.length >= maxCrystals) break;
      const close = new Set<number>();
      for (const crystal of chunk.crystals) crystals.push(crystalOf(chunk, crystal, close));
      const peaks = chunk.peaks?.length ?? 0;
      if (chunk.crystals.length > 0 && peaks > 0) explained.push(close.size / peaks);
    }
    const doubt = doubtText(explained);
    if (doubt !== undefined && !force)
      throw new EwaldError('Format', `${stream}: ${doubt}; no geometry is written without --force (force: true)`, {
        detail: { path: stream },
      });
    const refined = refineGeometry(geometry, crystals, { trustCell });
    await written.write(
      refined.moved.length === 0 ? text : `${refinementComments(refined)}${formatGeometry(refined.geometry)}`,
    );
    await written.close();
    return { ...refined, doubt };

    function crystalOf(chunk: StreamChunk, { reciprocal: stars }: StreamCrystal, close: Set<number>): GeometryCrystal {
      const beam = beamOfChunk(chunk, geometry, own);
      const peaks = peaksOf(chunk, panels, stream);
      const perAngstrom = ([x, y, z]: Vector): Vector => [x / 10, y / 10, z / 10];
      const rows = reciprocal([perAngstrom(stars[0]), perAngstrom(stars[1]), perAngstrom(stars[2])]);
      const found: { readonly panel: number; readonly fs: number; readonly ss: number; readonly hkl: number[] }[] = [];
      for (let i = 0; i < peaks.count; i++) {
        const index = peaks.panel[i] as number;
        const panel = geometry.panels[index];
        if (!panel) continue;
        const [fs, ss] = [(peaks.fs[i] as number) - panel.minFs, (peaks.ss[i] as number) - panel.minSs];
        const q = reciprocalOf(panel, beam, fs, ss);
        const exact = rows.map((row) => dot(row, q));
        const hkl = exact.map(Math.round);
        const farthest = Math.max(...exact.map((x, axis) => Math.abs(x - (hkl[axis] as number))));
        if (farthest < atNode) close.add(i);
        if (farthest < nearNode) found.push({ panel: index, fs, ss, hkl });
      }
      return {
        beam,
        cell: rows,
        known: known.cell,
        lengthErrorsA: known.lengthErrorsA,
        panel: found.map(({ panel }) => panel),
        fs: found.map(({ fs }) => fs),
        ss: found.map(({ ss }) => ss),
        indices: found.flatMap(({ hkl }) => hkl),
      };
    }
  } finally {
    await written.discard();
  }
}
