/**
 * Determines the cell of an unknown crystal from frames (`ctx.cell`): finds peaks, collects their spots and tries
 * cells.
 */

import type { BravaisCandidate } from '../../crystal/bravais.js';
import { ofDataset, openedArray } from '../../frames/detector/geometry-dataset.js';
import { geometryRemarks, warningsOf } from '../../frames/detector/geometry-remarks.js';
import { fewRows } from '../../indexing/few/parameters.js';
import type { DeterminedCell, FewSpotParameters } from '../../indexing/indexer.js';
import { cellSearchRows } from '../../indexing/parameters.js';
import { checkedOptions, row } from '../../options/call-options.js';
import { namesOf } from '../../options/parameters.js';
import { refinementText } from '../../refinement/geometry-text.js';
import { abortable, closeIterator } from '../../util/aborted.js';
import { observer } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { checkSignal } from '../../util/options.js';
import type { Resource } from '../../util/resource.js';
import { without } from '../../util/without.js';
import type { RunEvent } from '../events.js';
import type { Plans } from '../frame-searcher.js';
import { type Displaced, displacedDetector, displacedText, howToShift } from '../geometry/displaced.js';
import type { Settlement, SettlingGeometry } from '../geometry/settle-geometry.js';
import { givenGeometry } from '../inputs/given.js';
import { givenInputs } from '../inputs/inputs.js';
import type { LoadPlace } from '../inputs/place.js';
import { endingPlace } from '../inputs/place-inputs.js';
import { ofPeaks } from '../modes.js';
import { cellFrameRows, type PeakSource, peakSourceRows } from '../parameters.js';
import { openSource, searchOf, withMasks } from '../run/open.js';
import {
  checkRun,
  type FrameOptions,
  frameRows,
  type PipelineOptions,
  type UnknownCellOptions,
  unknownRows,
} from '../run-options.js';
import type { SearchSettings } from '../settings.js';
import { fewOfGeometry } from '../stages/few-of-geometry.js';
import { listedBy } from '../stages/listed-by.js';
import { type OwnSearch, prepare } from './prepare.js';
import { cellDoubt, fewestPeaks, knownOf, latticeOf, spotsOfFrames } from './unknown-cell.js';

/** Options of determining a cell from frames. */
export interface FramesCellOptions<Finder extends PeakSource = PeakSource>
  extends FrameOptions,
    UnknownCellOptions,
    FewSpotParameters,
    Pick<SearchSettings<Finder>, keyof typeof peakSourceRows | 'highres'> {
  /** As for `ctx.pipeline`. */
  readonly peaks?: PipelineOptions<Finder>['peaks'] | undefined;
  /** Number of frames with enough peaks to use, 1 … 1000; default 30. */
  readonly images?: number | undefined;
  /** How far a symmetry may change lengths (relative) and angles (radians), 0 … 0.2; default 0.02. */
  readonly symmetryTolerance?: number | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  readonly signal?: PipelineOptions['signal'] | undefined;
}

/** The cells that explain frames. */
export interface FramesCell {
  /** Best first; empty if no cell explains the spots beyond chance. */
  readonly found: readonly DeterminedCell[];
  /** For the best cell: the lattice chosen by the evidence of the frames. */
  readonly lattice: BravaisCandidate | undefined;
  /** Spots of each frame that was used, [spots, 3] in 1/Å. */
  readonly spots: readonly Float32Array[];
  /** Number of frames that were searched for these spots. */
  readonly frames: number;
  /** Why the cell may be longer than the searched range; undefined if there is no indication of that. */
  readonly doubt: string | undefined;
}

/** The options of runs are checked as theirs. */
const rows = {
  ...row.others(...namesOf(frameRows), ...namesOf(unknownRows), ...namesOf(peakSourceRows)),
  ...row.others('onEvent', 'peaks', 'highres'),
  images: cellFrameRows.images,
  symmetryTolerance: cellSearchRows.symmetryTolerance,
  ...fewRows,
  signal: row.signal,
} as const;
const fewNames = namesOf(fewRows);

/**
 * The geometry of an unknown cell, refined in turn with it as runs do; `again` determines the cell with the latest one.
 * Undefined if nothing moves.
 */
async function geometryOfCell(
  own: OwnSearch,
  first: DeterminedCell | undefined,
  setup: Pick<SettlingGeometry, 'searcher' | 'settings' | 'signal' | 'found' | 'firstFrames'>,
  again: (settled: Settlement) => Promise<DeterminedCell | undefined>,
): Promise<Settlement | undefined> {
  const lattice = first && latticeOf(first);
  if (!lattice) return undefined;
  const { settleGeometry } = await import('../geometry/settle-geometry.js');
  const { settledInTurn } = await import('../geometry/beforehand.js');
  const { geometry } = await own.detector();
  const about = { ...setup, geometry, isCellGiven: false, trustCell: false, panels: false };
  const { settled } = await settledInTurn(
    own,
    (settings, start) => settleGeometry({ ...about, settings, start }),
    { ...setup.settings, cells: [knownOf(lattice)] },
    async (moved) => {
      const best = await again(moved);
      const next = best && latticeOf(best);
      return next && knownOf(next);
    },
  );
  return settled.moved.length > 0 ? settled : undefined;
}

const refinedText = (settled: Settlement): string =>
  `${refinementText(settled)}; the cell is that of this geometry, which ewald index finds as well`;

/**
 * Whether images have one cell, as they do with a right geometry only: most of them are indexed, by cells whose lengths
 * (relative) and angles (degrees) hardly differ. In simulated frames lengths differ by up to .1 % with the right beam,
 * and by .5 % and more with one that is two bins of the background away.
 */
function hasOneCell({ indexed, images, parameters, spread }: DeterminedCell): boolean {
  const lengths = [0, 1, 2].every((i) => (spread[i] as number) < agreed.length * (parameters[i] as number));
  const angles = [3, 4, 5].every((i) => (spread[i] as number) < agreed.angle);
  return indexed >= agreed.images && indexed >= agreed.share * images && lengths && angles;
}

/** What images have that have one cell: their number, the share of all, spreads of lengths and angles. */
const agreed = { images: 3, share: 0.75, length: 0.003, angle: 0.3 } as const;

/** What is said of a background that is centred beside the beam, which is a doubt unless the images have one cell. */
function displacedWarning(displaced: Displaced, best: DeterminedCell | undefined): [text: string, isDoubtful: boolean] {
  const text = displacedText(displaced);
  return best && hasOneCell(best)
    ? [`${text}; the cells of ${best.indexed} of ${best.images} images agree, so that the background is uneven`, false]
    : [`${text}, and a cell determined with it may be wrong; ${howToShift}`, true];
}

/** Determines the cell of frames. Throws as `runPipeline` does before its first frame. */
export async function cellOfFrames(
  context: Plans,
  resource: Resource,
  loadPlace: LoadPlace,
  options: FramesCellOptions,
): Promise<FramesCell> {
  const { images, symmetryTolerance } = checkedOptions('cell', options, rows, ofPeaks);
  checkSignal(options.signal);
  const signal = resource.until(options.signal);
  const few = omitUndefined(Object.fromEntries(fewNames.map((name) => [name, options[name]])));
  const others = without(options, 'images', 'symmetryTolerance', ...fewNames);
  const run = { ...checkRun(others), signal };
  const onEvent = observer('cell', options, 'onEvent');
  const place = endingPlace(await loadPlace(), signal);
  const given = await abortable(givenInputs(run.inputs, place, signal, undefined, run.allowOutside), signal);
  if (given.kind !== 'frames')
    throw new EwaldError('Argument', 'cell: inputs are frames in files or datasets; they are read more than once');
  const warn = (text: string, isDoubtful = false): void =>
    onEvent({ kind: 'warning', text, ...(isDoubtful && { isDoubtful }) });
  try {
    const asGiven = withMasks(await abortable(givenGeometry(run.geometry, place), signal), run, given, place);
    const source = await openSource(place, given, run, asGiven?.geometry, warn);
    const geometry = asGiven && ofDataset(asGiven.geometry, run.dataset && openedArray(source.first));
    const own = searchOf(context, source, run, geometry);
    try {
      const settings = { ...listedBy(run.settings, geometry), integrate: false };
      const firstFrames = (most: number) => source.firstFrames(most);
      const preparation = { settings, cells: [], cellSearch: run.cellSearch, onEvent, signal };
      const remarks = geometry ? await geometryRemarks(geometry, source) : [];
      for (const event of warningsOf(asGiven?.name, remarks, ['distance', 'wavelength', 'pixel size'])) onEvent(event);
      const detector = await own.detector();
      const displaced = await displacedDetector(detector, detector.geometry, firstFrames, signal);
      const settled = await prepare(context, own, preparation, firstFrames);
      const searcher = await own.searcher(settled);
      searcher.settings = settled;
      const { spots, frames, areFew } = await spotsOfFrames(searcher, firstFrames, { images, signal });
      for (const text of (await source.changes?.()) ?? []) warn(text, true);
      const doubt = cellDoubt(spots, run.cellSearch.maxLengthA);
      if (spots.length === 0) {
        if (displaced) warn(...displacedWarning(displaced, undefined));
        return { found: [], lattice: undefined, spots, frames, doubt };
      }
      const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
      try {
        const determined = async (of: readonly Float32Array[]): Promise<DeterminedCell[]> =>
          indexer.determineCell(of, {
            ...fewOfGeometry(detector.geometry, detector.beam),
            ...few,
            ...run.cellSearch,
            symmetryTolerance,
            signal,
            onEvent: ({ text }) => warn(text),
            onProgress: ({ done: share }) => onEvent({ kind: 'progress', stage: 'cell', share }),
          });
        let used = { found: await determined(spots), spots };
        const setup = { searcher, settings: settled, signal, found: own.found, firstFrames };
        // Few spots on single frames tell no geometry, until their cell is known.
        const refined = areFew
          ? undefined
          : await geometryOfCell(own, used.found[0], setup, async ({ spots: moved }) => {
              const enough = moved.filter(({ length }) => length >= 3 * fewestPeaks).slice(0, images);
              used = { found: await determined(enough), spots: enough };
              return used.found[0];
            });
        if (displaced) warn(...displacedWarning(displaced, used.found[0]));
        if (refined) onEvent({ kind: 'warning', text: refinedText(refined) });
        return { ...used, lattice: used.found[0] && latticeOf(used.found[0]), frames, doubt };
      } finally {
        await indexer.dispose();
      }
    } finally {
      await own.dispose();
      await source.close();
    }
  } finally {
    if (!Array.isArray(given.wanted)) await closeIterator(given.wanted as AsyncGenerator<unknown, void, undefined>);
  }
}
