/** The interface between a run and the viewer that follows it. */
import type { KnownCell } from '../../crystal/cell-file.js';
import type { LiveFrame } from '../../frames/streams/frame.js';
import type { ShownPanes } from '../../merging/shown-panes.js';
import type { FrameGrid } from '../chip/grid.js';
import type { RunEvent } from '../events.js';
import type { FrameRecord } from '../record.js';
import type { SearchSettings } from '../settings.js';
import type { FrameOrigin } from '../streams/chunk.js';
import type { FrameSink } from './sink.js';

/** A run that a viewer follows. */
export interface ViewedRun {
  /** The first input, as a title. */
  readonly name: string;
  /** CrystFEL's geometry of the detector, as in the head of a stream. */
  readonly geometry: string;
  /** Dataset of the frames that the user named; undefined: the geometry's, or the file's own choice. */
  readonly dataset?: string | undefined;
  /** The known cells, or the one that was determined. */
  readonly cells: readonly KnownCell[];
  /** The parameters with which peaks are found. */
  readonly peaks: SearchSettings['peaks'];
  /** Width and height of a frame, in pixels. */
  readonly size: readonly [width: number, height: number];
  /** The wells of the chip that is scanned; undefined without any, and while positions tell them only at the end. */
  readonly wells?: { readonly rows: number; readonly columns: number } | undefined;
  /** Where an image is by its number; absent without a chip. */
  readonly placeOf?: ((origin: FrameOrigin) => FrameGrid) | undefined;
  /** Number of frames; undefined if it is unknown. */
  readonly total: number | undefined;
  /** Returns the frame of an event that was received over the network; the frame is no longer kept after this call. */
  readonly received: ((event: number) => LiveFrame | undefined) | undefined;
  /** The names of its regions. */
  readonly rois?: readonly string[] | undefined;
  /** What the sinks of the run add to its page. */
  readonly panes?: (() => ShownPanes) | undefined;
  /** The data set of a frame, by which its numbers are separated; absent for a run that is not split. */
  readonly datasetOf?: ((record: FrameRecord) => string | undefined) | undefined;
  /** What the sinks of the run have found so far, each in a few words. */
  readonly status?: (() => readonly string[]) | undefined;
}

/** A viewer that follows a run: what `serveView` of `ewald/view` returns. */
export interface RunView {
  /** Called once, before the first frame. The sink must not wait for a browser. */
  runSink(run: ViewedRun): FrameSink;
  /** Receives the events of the run, also those before its first frame. It must not throw. */
  readonly happened?: ((event: RunEvent) => void) | undefined;
}
