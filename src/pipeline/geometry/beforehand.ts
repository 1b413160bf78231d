/**
 * The geometry of a run, refined before its frames are searched: of files on their first frames, of frames that are
 * still arriving on those that arrive in time, and of a followed run that is resumed as its earlier session left it.
 */

import { anglesOf, lengthsOf } from '../../crystal/cell.js';
import { type KnownCell, readCell } from '../../crystal/cell-file.js';
import { parseGeometry } from '../../crystal/geometry/parse.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import { latticeName } from '../../crystal/lattice-name.js';
import { strainBetween } from '../../crystal/strain.js';
import { marks } from '../../crystal/stream/stream.js';
import { geometryFromFile } from '../../frames/detector/from-file.js';
import { refinedMark, refinementComments, refinementText } from '../../refinement/geometry-text.js';
import { formatFirstFrames } from '../../util/amounts.js';
import { isEwaldError } from '../../util/errors.js';
import { doubtText } from '../doubt.js';
import { type RunEvent, startEvent } from '../events.js';
import { cellOfSpots } from '../first-frames/unknown-cell.js';
import type { OpenFrameSearcher, Plans } from '../frame-searcher.js';
import type { GivenGeometry } from '../inputs/given.js';
import type { GivenInputs } from '../inputs/inputs.js';
import type { RunPlace } from '../inputs/place.js';
import type { FoundFrames } from '../one-frame.js';
import type { CheckedRun } from '../run-options.js';
import type { SearchSettings } from '../settings.js';
import type { RunSource } from '../sources/source.js';
import type { FrameResult } from '../stages/frame.js';
import type { Preparation } from './preparation.js';
import type { Settlement } from './settle-geometry.js';

/** Strain of a cell by the digits that the head of a stream has. */
const headDigits = 1e-4;
/** How often an unknown cell and the geometry are determined in turn; two are usual. */
const maxRounds = 4;

/** The data that determine whether and how the geometry of a run is refined before its frames are searched. */
export interface Beforehand {
  readonly place: RunPlace;
  readonly given: GivenInputs;
  readonly geometry: GivenGeometry | undefined;
  readonly source: RunSource;
  readonly settings: SearchSettings;
  /** The known cells; undefined if they have been determined from the frames. */
  readonly cells: readonly KnownCell[] | undefined;
  readonly options: CheckedRun;
  readonly onEvent: (event: RunEvent) => void;
}

/** The searcher of the process that refines the geometry, and the results of the frames that it has searched. */
interface FirstSearch {
  readonly found: FoundFrames;
  searcher(settings: SearchSettings): Promise<OpenFrameSearcher>;
}

/** What a run learns from its first crystals before its frames are searched. */
export interface LearntBeforehand extends Omit<Preparation, 'cells'> {
  /** The settings, whose cell has been determined again if it was unknown and the geometry has moved. */
  readonly settings: SearchSettings;
  /** The fraction of the peaks of the first frames that crystals explain; undefined if it was not determined. */
  readonly explained?: number | undefined;
}

/**
 * Whether all processes of a run see the same first frames, and see them now: not files of an iterable, which may exist
 * only once the run has consumed others, nor shards of followed files.
 */
const hasFirstFrames = ({ given, options: { follow, shard } }: Beforehand): boolean =>
  (given.kind === 'live' || (given.kind === 'frames' && Array.isArray(given.wanted))) &&
  !(follow && shard !== undefined);

/**
 * Refines the geometry on the first crystals, and asks them for the names of the axes of a known cell that is nearly
 * more symmetric than it is. Runs without first frames keep geometry and cell.
 */
export async function refinedBeforehand(context: Plans, own: FirstSearch, run: Beforehand): Promise<LearntBeforehand> {
  let results: readonly FrameResult[] = [];
  const learnt = await geometryBeforehand(context, own, run, (latest) => {
    results = latest;
  });
  const { cells, options, settings, source, onEvent } = run;
  if (cells?.length !== 1 || !hasFirstFrames(run)) return learnt;
  const { axesOfFrames, enoughForAxes, mayAskForAxes } = await import('../first-frames/known-axes.js');
  if (!mayAskForAxes(cells)) return learnt;
  if (options.refineGeometry === 'off' && !options.follow) {
    const { firstResults } = await import('./settle-geometry.js');
    const { signal } = options;
    const firstFrames = source.firstFrames.bind(source);
    const searcher = await own.searcher(settings);
    const search = { searcher, settings, firstFrames, signal, found: own.found };
    results = (await firstResults(search, { crystals: enoughForAxes, peaks: 0 })).results;
  }
  const axes = axesOfFrames(cells, results);
  if (!axes) return learnt;
  onEvent({ kind: 'warning', text: axes.text });
  if (!axes.cell) return learnt;
  // Their crystals were named after the known cell.
  own.found.clear();
  return { ...learnt, settings: { ...learnt.settings, cells: [axes.cell] } };
}

/** Refines the geometry; `onResults` receives the results of the first frames with it. */
async function geometryBeforehand(
  context: Plans,
  own: FirstSearch,
  run: Beforehand,
  onResults: (results: readonly FrameResult[]) => void,
): Promise<LearntBeforehand> {
  const { place, geometry, source, settings, cells, options, onEvent } = run;
  const { refineGeometry = 'auto', trustCell = false, follow = false, signal } = options;
  const unrefined = { settings, refined: undefined, isDoubtful: false };
  if (refineGeometry === 'off' || !hasFirstFrames(run)) return unrefined;
  // No cell explains the spots, or there shall be none.
  if ((settings.cells ?? []).length === 0) return { ...unrefined, explained: cells ? undefined : 0 };
  const earlier = follow ? await earlierSession(place, options, settings) : undefined;
  if (earlier) return earlier;
  onEvent(startEvent('refining the geometry on the first crystals', source));
  const { settleGeometry } = await import('./settle-geometry.js');
  const searcher = await own.searcher(settings);
  const settle = (used: SearchSettings, start?: Settlement): Promise<Settlement> =>
    settleGeometry({
      searcher,
      start,
      settings: used,
      signal,
      found: own.found,
      onResults,
      isCellGiven: cells !== undefined,
      trustCell,
      panels: refineGeometry === 'auto',
      firstFrames: (most) => source.firstFrames(most),
      geometry: geometry?.geometry ?? geometryFromFile(source.first),
    });
  const again = async (settled: Settlement, used: SearchSettings): Promise<KnownCell | undefined> => {
    const cell = await cellOfSpots(context, settled, { ...options.cellSearch, ...(signal ? { signal } : {}) });
    if (cell.cell && !isSameCell(cell.cell, used.cells?.[0] ?? cell.cell)) onEvent({ kind: 'cell', ...cell });
    return cell.cell;
  };
  const { settled, used } = await settledInTurn(own, settle, settings, cells ? undefined : again);
  const doubt = doubtText(settled.explained, formatFirstFrames(settled.frames));
  // At the end the run reports the same of all of its frames.
  const isAll = settled.frames === source.total;
  const warning = settled.doubt ?? settled.rejected ?? (isAll ? undefined : doubt);
  if (warning !== undefined) onEvent({ kind: 'warning', text: warning, isDoubtful: settled.rejected !== undefined });
  const { unexplained } = settled;
  if (unexplained !== undefined && !isAll) onEvent({ kind: 'warning', text: unexplained, isDoubtful: true });
  const { isDistanceFitted, isDistanceKnown, cells: measured } = settled;
  const learnt = {
    settings: used,
    isDoubtful: doubt !== undefined,
    explained: settled.share,
    fitted: isDistanceFitted ? { isDistanceKnown, cells: cells ? measured : [] } : undefined,
  };
  if (settled.moved.length === 0) return { ...learnt, refined: undefined };
  onEvent({ kind: 'geometry', text: refinementText(settled), ...settled });
  const text = `${refinementComments(settled)}${formatGeometry(settled.geometry)}`;
  return { ...learnt, refined: { geometry: settled.geometry, text } };
}

/**
 * A geometry and, with `again`, the unknown cell. A wrong geometry distorts the cell, whose lattice may then look like
 * one of another symmetry, and a wrong cell the geometry: both are determined again until neither changes.
 */
export async function settledInTurn(
  own: Pick<FirstSearch, 'found'>,
  settle: (used: SearchSettings, start?: Settlement) => Promise<Settlement>,
  settings: SearchSettings,
  again?: (settled: Settlement, used: SearchSettings) => Promise<KnownCell | undefined>,
): Promise<{ readonly settled: Settlement; readonly used: SearchSettings }> {
  let settled = await settle(settings);
  let used = settings;
  for (let round = 0; again && settled.moved.length > 0 && round < maxRounds; round++) {
    const cell = await again(settled, used);
    if (!cell || isSameCell(cell, used.cells?.[0] ?? cell)) break;
    used = { ...settings, cells: [cell] };
    own.found.clear();
    settled = await settle(used, settled);
  }
  return { settled, used };
}

/**
 * What the earlier session of a followed run has learnt, from the head of its stream: frames that had not arrived when
 * it began would now lead to another geometry. Undefined if there is no earlier session.
 */
async function earlierSession(
  place: RunPlace,
  { output, resume = false }: CheckedRun,
  settings: SearchSettings,
): Promise<LearntBeforehand | undefined> {
  if (!resume || typeof output !== 'string') return undefined;
  for (const name of [`${output}.part`, output]) {
    try {
      const head: string[] = [];
      for await (const line of place.linesOf(name)) {
        if (line === marks.chunkBegin) break;
        head.push(line);
      }
      const [begin, end] = [head.indexOf(marks.geometryBegin), head.indexOf(marks.geometryEnd)];
      // A session that was killed before its head was complete has learnt nothing.
      if (begin < 0 || end < 0) continue;
      const text = head.slice(begin + 1, end).join('\n');
      const isRefined = text.startsWith(refinedMark);
      return {
        settings: { ...settings, cells: cellOfHead(head, settings.cells, name) },
        refined: isRefined ? { geometry: parseGeometry(text, name), text } : undefined,
        isDoubtful: head.includes(marks.doubt),
      };
    } catch (error) {
      if (!isEwaldError(error, 'File')) throw error;
    }
  }
  return undefined;
}

/** The known cell as the head of a stream states it, which may be the mean of its first crystals. */
function cellOfHead(head: readonly string[], cells: SearchSettings['cells'], name: string): SearchSettings['cells'] {
  const [known] = cells ?? [];
  const [begin, end] = [head.indexOf(marks.cellBegin), head.indexOf(marks.cellEnd)];
  if (!known || cells?.length !== 1 || begin < 0 || end < 0) return cells;
  const { cell } = readCell(head.slice(begin + 1, end).join('\n'), name);
  // The head has fewer digits than the cell of the run.
  const isKnown = Math.hypot(...strainBetween(cell, known.cell)) < headDigits;
  return isKnown ? cells : [{ ...known, cell }];
}

/** Whether two cells have the same lattice type, lengths within 0.05 % and angles within 0.05 degrees. */
function isSameCell(knownCell: KnownCell, other: KnownCell): boolean {
  const [lengths, angles] = [lengthsOf(other.cell), anglesOf(other.cell)];
  return (
    knownCell.centring === other.centring &&
    latticeName(knownCell).lattice === latticeName(other).lattice &&
    lengthsOf(knownCell.cell).every((x, i) => Math.abs(x / (lengths[i] as number) - 1) < 0.0005) &&
    anglesOf(knownCell.cell).every((x, i) => Math.abs(x - (angles[i] as number)) < 0.05)
  );
}
