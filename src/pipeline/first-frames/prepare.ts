/** What a run determines before its first frame is searched: the parameters of the search, and the cell. */

import type { KnownCell } from '../../crystal/cell-file.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { Detector } from '../../frames/detector/detector.js';
import { leastSpots } from '../../indexing/few/choice.js';
import { formatFirstFrames } from '../../util/amounts.js';
import type { RunEvent } from '../events.js';
import { type OpenFrameSearcher, type Plans, planFrameSearcher } from '../frame-searcher.js';
import type { FoundFrames } from '../one-frame.js';
import type { CheckedRun, PipelineOptions } from '../run-options.js';
import type { SearchSettings } from '../settings.js';
import { fewOfGeometry } from '../stages/few-of-geometry.js';
import { type FirstFrames, isTuned, lookedAt, tuned } from './tune.js';
import { unknownCell } from './unknown-cell.js';

/** The context and the searcher of this process; they are opened on first use and kept for the run. */
export class OwnSearch {
  readonly #context: Plans;
  readonly #openDetector: (geometry: Geometry | undefined) => Promise<Detector>;
  #geometry: Geometry | undefined;
  #detector: Promise<Detector> | undefined;
  #searcher: Promise<OpenFrameSearcher> | undefined;
  /** Results of frames that were searched beforehand; they remain valid if the geometry does not change. */
  readonly found: FoundFrames = new Map();

  /** `open` opens the detector, with the geometry that its file describes if none is given. */
  constructor(
    context: Plans,
    geometry: Geometry | undefined,
    open: (geometry: Geometry | undefined) => Promise<Detector>,
  ) {
    this.#context = context;
    this.#geometry = geometry;
    this.#openDetector = open;
  }

  /** Another search, with another geometry. */
  at(geometry: Geometry): OwnSearch {
    return new OwnSearch(this.#context, geometry, this.#openDetector);
  }

  /** Goes on with another geometry, with which nothing was found yet. */
  async moveTo(geometry: Geometry): Promise<void> {
    await this.dispose();
    this.#geometry = geometry;
    this.#detector = undefined;
    this.#searcher = undefined;
    this.found.clear();
  }

  readonly detector = (): Promise<Detector> => {
    this.#detector ??= this.#openDetector(this.#geometry);
    return this.#detector;
  };

  /** The searcher; it is planned with the settings of the first caller. */
  async searcher(settings: SearchSettings): Promise<OpenFrameSearcher> {
    this.#searcher ??= this.detector().then((detector) => planFrameSearcher(this.#context, { ...settings, detector }));
    return this.#searcher;
  }

  async dispose(): Promise<void> {
    const searcher = await this.#searcher?.catch(() => undefined);
    await searcher?.dispose();
  }
}

/** The parameters that are determined before the first frame is searched. */
interface Preparation {
  readonly settings: CheckedRun['settings'];
  readonly cells: readonly KnownCell[] | undefined;
  readonly cellSearch: CheckedRun['cellSearch'];
  readonly onEvent: (event: RunEvent) => void;
  /** Receives what is being done. */
  readonly onStart?: ((text: string) => void) | undefined;
  readonly signal: PipelineOptions['signal'];
}

/**
 * Determines the parameters of a run: if they are not given, the search is tuned and the cell determined. Nothing is
 * planned if everything is given.
 */
export async function prepare(
  context: Plans,
  own: OwnSearch,
  { settings: given, cells, cellSearch, onEvent, onStart, signal }: Preparation,
  firstFrames: FirstFrames,
): Promise<SearchSettings> {
  const { peaks: stated, ...others } = { minPeaks: leastSpots(cells, given.method), ...given };
  const wanted: SearchSettings = { ...others, ...(stated === undefined || stated === 'tune' ? {} : { peaks: stated }) };
  if (!isTuned(wanted)) onStart?.(`adjusting the search to ${formatFirstFrames(lookedAt)}`);
  const tuning = await tuned(() => own.searcher(wanted), wanted, firstFrames, signal);
  onEvent({ kind: 'tuned', finder: others.finder ?? 'peakfinder8', ...tuning });
  const { peaks, intRadius, doubts } = tuning;
  for (const text of doubts) onEvent({ kind: 'warning', text });
  const settings: SearchSettings = { ...others, peaks, ...(intRadius ? { intRadius } : {}) };
  if (cells) return { ...settings, cells };
  onStart?.('determining the cell from the first frames');
  const searcher = await own.searcher(wanted);
  searcher.settings = { ...settings, integrate: false };
  const { geometry, beam } = await own.detector();
  const foundCell = await unknownCell(context, searcher, firstFrames, {
    ...fewOfGeometry(geometry, beam),
    ...cellSearch,
    onEvent: ({ text }) => onEvent({ kind: 'warning', text }),
    ...(signal ? { signal } : {}),
    onProgress: ({ done: share }) => onEvent({ kind: 'progress', stage: 'cell', share }),
  });
  onEvent({ kind: 'cell', ...foundCell });
  return { ...settings, cells: foundCell.cell ? [foundCell.cell] : [] };
}
