/** What the parts of a run know: first its call, then what it has opened, has determined, and has found so far. */

import type { KnownCell } from '../../crystal/cell-file.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { Inputs } from '../../frames/files/inputs.js';
import type { SettledCells } from '../../refinement/detector-remarks.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { OwnSearch } from '../first-frames/prepare.js';
import type { Plans } from '../frame-searcher.js';
import type { RunGrid } from '../grid/frame-grid.js';
import type { ChipSink } from '../grid/map-sink.js';
import type { GivenGeometry } from '../inputs/given.js';
import type { RunPlace } from '../inputs/place.js';
import type { CheckedRun, RunExecutor } from '../run-options.js';
import type { SearchSettings } from '../settings.js';
import type { RunOrientations } from '../sources/known-orientations.js';
import type { RunSource } from '../sources/source.js';
import type { SpotsMade } from '../sources/spots-file.js';
import type { RunSummary } from '../summary.js';
import type { CellVerdict } from './cell-verdict.js';
import type { FrameInputs } from './refusals.js';
import type { RunReporter } from './run-reporter.js';

/** A run whose options are checked. */
export interface CheckedCall {
  readonly context: Plans;
  readonly place: RunPlace;
  /** With the signal that ends the run. */
  readonly options: CheckedRun & { readonly signal: PlatformSignal };
  readonly events: RunReporter;
}

/** A run whose inputs are open, and of which nothing is searched. */
export interface OpenRun extends CheckedCall {
  readonly given: FrameInputs;
  readonly source: RunSource;
  /** How the pixels of its first file were chosen; undefined for whole frames. */
  readonly spots: SpotsMade | undefined;
  /** What is in doubt of its settings. */
  readonly warnings: readonly string[];
  /** The given geometry; undefined if the first file describes its own. */
  readonly geometry: GivenGeometry | undefined;
  /** The known cells; undefined if they have to be determined. */
  readonly cells: readonly KnownCell[] | undefined;
  /** The crystals whose orientations are known; undefined if lattices are searched for. */
  readonly orientations: RunOrientations | undefined;
  /** The search of this process. */
  readonly own: OwnSearch;
  /** The grid of its chip, and the sink that maps its wells, whose code is loaded for it. */
  readonly grid: { readonly found: RunGrid; readonly ChipSink: typeof ChipSink } | undefined;
  /** The files that it reads, which no output may replace. */
  readonly reads: Inputs;
  /** What was under the name of its stream when it began. */
  readonly before: string | undefined;
  /** Workers that start already. */
  readonly starting: Promise<RunExecutor> | undefined;
}

/** The geometry of a run, and what its first crystals tell about it. */
export interface RunGeometry extends SettledCells {
  /** The given geometry, or the refined one; undefined if it is the one that the first file describes. */
  readonly given: Geometry | undefined;
  /** The same, or the one that the file describes. */
  readonly used: Geometry;
  /** Its text in the stream. */
  readonly text: string;
  /** Whether the run has refined it before searching its frames. */
  readonly isRefined: boolean;
}

/** With what a run searches its frames. */
export interface PreparedRun {
  readonly settings: SearchSettings;
  readonly geometry: RunGeometry;
  readonly commandLine: string;
  /** The head of its stream. */
  readonly head: string;
  /** The contradiction of a wavelength that is far from that of the file; undefined without one. */
  readonly farWavelength: string | undefined;
}

/** What the frames of a run add up to. */
export interface RunState {
  readonly summary: RunSummary;
  readonly verdict: CellVerdict;
  /** The chips that are scanned, if the run says where its images are. */
  readonly chip: ChipSink | undefined;
}

/** A run that searches its frames. */
export interface Run extends OpenRun {
  readonly prepared: PreparedRun;
  readonly state: RunState;
}
