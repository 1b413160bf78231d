/** The sources of a run's frames: files, open datasets, or frames received live. */

import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { Dataset } from '../../frames/dataset.js';
import type { OpenOther } from '../../frames/detector/open-other.js';
import type { RawOptions } from '../../frames/raw/corrected.js';
import type { LiveFrame } from '../../frames/streams/frame.js';
import type { KeptFrames } from '../../frames/streams/kept.js';
import type { StreamFindings } from '../../frames/streams/stream-findings.js';
import type { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { MethodOf } from '../../util/members.js';
import type { ImageRange } from '../chip/grid.js';
import type { ImageCount } from '../grid/image-number.js';
import type { FileInput } from '../inputs/place.js';
import type { FrameJob } from '../one-frame.js';
import type { SearchTask } from '../task.js';

/** Frames that a run will search. */
export interface FrameSpec {
  /** The name of the file in the stream. */
  readonly file: string;
  /** Numbers of frames; undefined: all. */
  frames: number[] | undefined;
  /** Events of frames in groups, `tag-1//`, whose numbers are known when the file has been opened. */
  readonly events?: string[] | undefined;
  /** The input to open, if it is not the file of that name. */
  readonly input?: FileInput;
  /** An open dataset, owned by the caller. */
  readonly dataset?: Dataset;
}

/** Whether an earlier run has finished a frame. */
export type IsDone = (serial: number, file: string, event: number) => boolean;

/** The images of a source by the numbers of their detector. */
export interface SourceImages {
  readonly count: ImageCount;
  readonly ranges: readonly ImageRange[];
}

export interface RunSource {
  /** The dataset that describes the detector; owned by the source until `close`. */
  readonly first: Dataset;
  /** Number of frames of this run; undefined if unknown. */
  readonly total: number | undefined;
  /** Whether its files are all listed before the run, so that its frames can be passed through more than once. */
  readonly isListed?: boolean | undefined;
  /** How its images are counted, and which come as far as that is known; a getter that may throw `Argument`. */
  readonly images?: SourceImages | undefined;
  /** Frames that have arrived so far; undefined if they were all there before the run. */
  readonly arrived?: number | undefined;
  /** Frames of which it is known that they did not arrive; undefined if they were all there before the run. */
  readonly lost?: number | undefined;
  /** Files and folders that are followed and have disappeared, with frames that may not have been seen. */
  readonly gone?: readonly string[] | undefined;
  /** Files that are followed and whose names other files have taken, of which no more frames were searched. */
  readonly replaced?: readonly string[] | undefined;
  /** A sentence for each file that is not what it was when it was opened first. */
  readonly changes?: (() => Promise<readonly string[]>) | undefined;
  /** The same of one file, whose sentences are said once. */
  readonly changesOf?: MethodOf<[file: string], Promise<readonly string[]>> | undefined;
  /** The event of a frame as streams write it. */
  readonly eventOf?: MethodOf<[file: string, frame: number], string> | undefined;
  /** Receives a frame by which an earlier session of a run recognised its followed file. */
  readonly expectFrame?: MethodOf<[file: string, event: string, sum: number], void> | undefined;
  /** The first frame, if frames are received live. */
  readonly live: LiveFrame | undefined;
  /** Frames that can only be read once, for showing them at the end; undefined if files can be read again. */
  readonly kept: KeptFrames | undefined;
  /**
   * With `viewed`: returns the frame of an event that was received live, and discards it and earlier ones. Undefined if
   * files can be read again.
   */
  readonly received: ((event: number) => LiveFrame | undefined) | undefined;
  /** Returns and forgets what the detector's analysis has sent with a frame; undefined if it sends nothing. */
  readonly findings?: ((event: number) => StreamFindings | undefined) | undefined;
  /** Identifies the files, for `resume`: one line each, in the order of the run. */
  readonly identities: readonly string[];
  /** Whether all frames are of one file, so that its own mask is that of all. */
  readonly isOneFile?: boolean | undefined;
  /** Distinguishes the Files of this run from Files of the same names in another one; undefined without Files. */
  readonly files?: number | undefined;
  /** Problems of the inputs, such as a file that is given twice. */
  readonly warnings: readonly string[];
  /** Opens datasets other than the frames that the geometry refers to. */
  readonly openOther: OpenOther;
  /**
   * Does something that needs the files of the run; if those of a followed run cannot be read, does it again as soon as
   * they can.
   */
  readonly patient?: (<T>(work: () => Promise<T>) => Promise<T>) | undefined;
  /** Up to `most` frames from the beginning of the run, which passes through them again. */
  firstFrames(most: number): AsyncGenerator<{ readonly dataset: Dataset; readonly frames: number[] }>;
  /** The frames for an executor, up to `size` per task. */
  tasks(size: number, isDone: IsDone): AsyncGenerator<SearchTask>;
  /** The frames for this process, of which up to `ahead` are in progress at once. */
  jobs(ahead: number, isDone: IsDone): AsyncGenerator<FrameJob>;
  /** Opens a file of the run again, for its pixels; `letGo` ends it. Throws `File` for one that is no longer held. */
  reopen(file: string): Promise<Dataset>;
  /** Ends a dataset that `reopen` gave; one that the caller of the run has opened stays open. */
  letGo(dataset: Dataset): Promise<void>;
  close(): Promise<void>;
}

/** The properties of a run that every source requires. */
export interface SourceOptions {
  /** Distinguishes frames of several modules from frames of a scan. */
  readonly geometry: Geometry | undefined;
  /** Dataset of the frames that the user named; undefined: the geometry's, or the file's own choice. */
  readonly dataset?: string | undefined;
  /** Which of several thresholds of the detector the user chose. */
  readonly thresholdChannel?: string | undefined;
  /** How frames are corrected while they are read. */
  readonly raw?: RawOptions | undefined;
  readonly serialStart: number;
  readonly allowMissing?: boolean | undefined;
  readonly checksums?: boolean | undefined;
  readonly maxFrameBytes?: number | undefined;
  /** Whether frames may refer to files outside their folder. */
  readonly allowOutside?: boolean | undefined;
  /** Fields of the frames' headers that are copied; frames received live are sent with further ones. */
  readonly copyHeader: readonly string[];
  /** Fields of positions, which frames received live are sent with as well. */
  readonly positions?: readonly string[] | undefined;
  /** Whether images of frames are required at the end of the run. */
  readonly shown: boolean;
  /** Whether a viewer follows the run. */
  readonly viewed: boolean;
  readonly signal: PlatformSignal | undefined;
  /** Tells a problem of the inputs; one that is doubtful makes the results so. */
  readonly warn: (text: string, isDoubtful?: boolean) => void;
  /**
   * For frames that are still arriving: seconds, from the first one, for which `firstFrames` waits for more; default 0.
   */
  readonly firstFramesTimeoutS?: number | undefined;
  /** Whether `firstFramesTimeoutS` applies to the files of an iterable as well. Default: they are waited for. */
  readonly isFirstTimed?: boolean | undefined;
  /** Called when the first frames cannot be opened yet, and the source tries again. */
  readonly waiting?: ((error: EwaldError) => void) | undefined;
}

/** Frames received live: the result of `zmqSource` of `ewald/pipeline`. */
export interface LiveInput {
  /** Where they come from, for messages. */
  readonly address: string;
  /** The flags of `ewald index` for the same frames. */
  readonly flags?: readonly string[] | undefined;
  /** Connects and waits for the first frame. */
  openLive(options: SourceOptions): Promise<RunSource>;
}
