/** The options of a run that say what is written, and what is refused of them before anything is read. */
import { checkedValue, row } from '../../../base/call-options.js';
import { EwaldError } from '../../../base/errors.js';
import type { PlatformSignal } from '../../../base/globals.js';
import { inspect } from '../../../base/options.js';
import { namesOf } from '../../../base/parameters.js';
import type { OutputTarget } from '../inputs/place.js';
import { milleDefaults, sinkRows } from '../parameters.js';
import { abortableTarget } from './function-output.js';
import type { RunView } from './run-view.js';
import type { FrameSink } from './sink.js';
import type { StreamContents } from './stream-text.js';

/** The outputs of a run; the options are named like the flags of `ewald index`. */
export interface OutputOptions extends StreamContents {
  /** A CrystFEL stream. */
  readonly output?: OutputTarget | undefined;
  /** Peaks, cells and reflections as HDF5. */
  readonly hdf5?: OutputTarget | undefined;
  /** Orientations in the format that CrystFEL's `--indexing=file` reads. */
  readonly sol?: OutputTarget | undefined;
  /** A report with images, as one self-contained page. */
  readonly html?: OutputTarget | undefined;
  /** The geometry with the distance and beam position refined from the crystals. */
  readonly refinedGeometry?: OutputTarget | undefined;
  /** Writes calibration data for Millepede-II and CrystFEL's `align_detector`. Default false. */
  readonly mille?: boolean | undefined;
  /** With `mille`: the file that is written; default mille-data.bin in the current directory. */
  readonly milleFile?: OutputTarget | undefined;
  /** With `mille`: the deepest level of groups that may move, 0 (the whole detector alone) … 99; default 99. */
  readonly maxMilleLevel?: number | undefined;
  /** Further outputs; they receive every frame in order, and are closed with the run. */
  readonly sinks?: readonly FrameSink[] | undefined;
  /**
   * A viewer that follows the run in a browser: `await serveView([])` of `ewald/view`, owned by the caller. It never
   * slows down the run.
   */
  readonly view?: RunView | undefined;
  /** Continues the stream of a run that did not end; frames that could not be read are tried again. Default false. */
  readonly resume?: boolean | undefined;
  /** Replaces files that ewald did not write, and a stream that is not finished. Default false. */
  readonly force?: boolean | undefined;
  /**
   * How the run was started, as recorded in the stream and the report; default: the options that determine the contents
   * of the stream.
   */
  readonly commandLine?: string | undefined;
}

export const outputNames = [...namesOf(sinkRows), 'resume', 'sinks', 'view', 'commandLine'] as const;

export const fileKinds = ['refinedGeometry', 'sol', 'hdf5', 'html'] as const;

const targetNames = ['output', 'milleFile', ...fileKinds] as const;

/** The outputs of a run that ends with a signal, whatever functions of the caller receive them. */
export function endingOutputs<T extends OutputOptions>(options: T, signal: PlatformSignal): T {
  const targets = targetNames.map((name) => [name, options[name]] as const);
  const heeded = targets.map(
    ([name, to]) => [name, typeof to === 'function' ? abortableTarget(to, signal) : to] as const,
  );
  return { ...options, ...Object.fromEntries(heeded.filter(([, target]) => target !== undefined)) };
}

/** Checks that the outputs can be combined. Throws `Argument`. */
export function checkOutputs(options: OutputOptions): void {
  const { output, resume } = options;
  if (resume && output === undefined)
    throw new EwaldError('Argument', 'pipeline: resume needs a stream to continue: output');
  checkMille(options);
  for (const name of targetNames) {
    const target = options[name];
    if (target !== undefined && typeof target !== 'string' && typeof target !== 'function')
      throw new EwaldError('Argument', `pipeline: ${name} is no path and no function that receives bytes`);
  }
  if (options.view !== undefined && typeof (options.view as Partial<RunView> | null)?.runSink !== 'function')
    throw new EwaldError(
      'Argument',
      `pipeline: view is ${inspect(options.view)}; it expects what await serveView([]) of ewald/view gives`,
    );
}

/** Checks the options of calibration data. Throws `Argument`. */
function checkMille(options: OutputOptions): void {
  const isWanted = checkedValue('pipeline: mille', options.mille, row.flag);
  checkedValue(
    'pipeline: maxMilleLevel',
    options.maxMilleLevel,
    row.integer(0, milleDefaults.levels, milleDefaults.levels),
  );
  const alone = (['milleFile', 'maxMilleLevel'] as const).find((name) => !isWanted && options[name] !== undefined);
  if (alone !== undefined)
    throw new EwaldError('Argument', `pipeline: ${alone} belongs to calibration data: mille: true (--mille)`);
}
