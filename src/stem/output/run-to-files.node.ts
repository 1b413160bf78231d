/** Runs analyses and UDFs over one scan in one pass and writes the results to files, as `ewald run` does. */

import { refuseSame } from '../../frames/files/names.js';
import type { WriteOptions } from '../../frames/files/write.js';
import { argumentError, refuseAlone } from '../../options/parameters.js';
import { liveWords } from '../../udf/acquisition/live-counts.js';
import {
  isTold,
  type PartialOfRun,
  type RecordOptions,
  type ToldRunOptions,
  type UdfRunOptions,
} from '../../udf/context-options.js';
import type { AnyUdf } from '../../udf/functions/udf.js';
import type { LivePicture } from '../../udf/live/picture.js';
import { isDrawable, type PicturesOf } from '../../udf/live/plots.js';
import type { ScanView, ScanViewer } from '../../udf/live/scan-view.js';
import { countTexts } from '../../udf/scans/count-texts.js';
import { changesOf, type Scan } from '../../udf/scans/scan.js';
import { observer } from '../../util/callbacks.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import { product } from '../../util/product.js';
import type { Analysis } from '../analyses/analysis.js';
import { leftOutOf } from '../analyses/left-out.js';
import type { UdfContext } from '../context.js';
import { scanRunRows } from '../parameters.js';
import { aboutRun, type ResultsAbout } from './about.js';
import {
  type MissingNumbers,
  measuredOf,
  missingNumbers,
  type NamedResult,
  namedBuffers,
  namedChannels,
  type ResultBuffers,
  renamed,
} from './named-results.js';
import { pageMaker } from './page-of-run.node.js';
import { beginResults, checkOutputs, type ResultFiles, writeResults } from './result-files.node.js';

/** Options of `runToFiles`: those of a run, and those of its output files. */
export interface RunToFilesOptions extends UdfRunOptions {
  readonly analyses?: readonly Analysis[] | undefined;
  readonly udfs?: readonly AnyUdf[] | undefined;
  /** Only results of these names. Default: all. */
  readonly channels?: readonly string[] | undefined;
  /**
   * .npy (one file for each result), .h5 or .zarr (all in one), .tif (an image of float32 for each), .csv (one row for
   * each scan position), or - for one result as .npy on standard output. Default: no file.
   */
  readonly output?: string | undefined;
  /**
   * Pictures of the results with two axes, .png; values of small ones are squares of pixels, and of results with more
   * than 2560 values on a side the greatest of each block is shown, or of both signs the one farthest from 0. Default:
   * none.
   */
  readonly png?: string | undefined;
  /**
   * One .html file of the results that opens without a server: pictures with limits, colours, values and profiles, the
   * numbers themselves, and what made them. Default: none.
   */
  readonly html?: string | undefined;
  /** Largest size of `html`, 10⁶ bytes: larger results are rounded to 4 bytes a number, then left out. Default: 20. */
  readonly htmlMb?: number | undefined;
  /** The command that `html` shows. Default: none. */
  readonly commandLine?: string | undefined;
  /** Replace existing files; inputs are never replaced. Default: false. */
  readonly force?: boolean | undefined;
  /** Files that are read for the run in addition to the scan; none of them is replaced, not even with `force`. */
  readonly inputs?: readonly string[] | undefined;
  /** In an MPI job, whether this rank writes the files. Default: true. */
  readonly writes?: boolean | undefined;
  /** Receives the names of the files of the results before the frames are read, unless they depend on the frames. */
  readonly onFiles?: ((files: readonly string[]) => void) | undefined;
  /** Shows partial results as images in a viewer, instead of `plots`: what `serveView` of `ewald/view` returns. */
  readonly view?: ScanViewer | undefined;
}

/** The file of `record`, which is replaced under the same condition as the results. */
const recordedBy = (record: UdfRunOptions['record'], force: boolean | undefined): RecordOptions | undefined =>
  typeof record === 'string' ? { file: record, force } : record;

const writingOf = ({ force = false, inputs = [] }: RunToFilesOptions, scan: string): WriteOptions => ({
  force,
  series: [scan],
  inputs,
});

/** Rejects outputs that could not be written, before a file is opened. Throws `Argument`, `File`. */
export async function checkRunToFiles(options: RunToFilesOptions, scan: string): Promise<void> {
  if (options.writes === false) return;
  const writing = writingOf(options, scan);
  const record = recordedBy(options.record, options.force);
  await refuseSame([options.output, options.png, options.html, record?.file].filter((file) => file !== undefined));
  await checkOutputs(options, writing);
  if (!record) return;
  const { file, force = false } = record;
  await checkOutputs({}, { ...writing, force }, file);
}

/** Refuses functions of one name, whose results would be one another's. Throws `Argument`. */
function refuseNamesakes(analyses: readonly Analysis[], udfs: readonly AnyUdf[]): void {
  const taken = new Set<string>(analyses.map(({ name }) => name));
  for (const { definition } of udfs) {
    if (taken.has(definition.name))
      throw new EwaldError(
        'Argument',
        `two functions are named "${definition.name}", and so would be their results; give one of them another name`,
      );
    taken.add(definition.name);
  }
}

/**
 * Runs analyses and UDFs over a scan in one pass, writes the results, and returns them with the names of the files.
 *
 * Results are named after their channel or buffer; if there are several analyses or UDFs, the name of the analysis or
 * UDF and a hyphen precede it. Files are opened before the work and appear when all numbers are written, pictures after
 * them. Throws `Argument` for outputs that exist or have another extension, for `channels` that select nothing, and for a pick
 * together with other analyses; otherwise as `runUdf`. If a live scan ends with an error, or `signal` ends any other, the
 * results so far are written before it is thrown: of a live scan under their names, since they are all that there will
 * be, of another as `NAME.part`, which stands in the place of no complete result. If `signal` fires while numbers are
 * written, these are written whole, and no further picture is drawn: `Aborted`, with `detail.files`.
 */
export async function runToFiles(
  ctx: UdfContext,
  scan: Scan,
  options: RunToFilesOptions,
): Promise<{
  readonly results: readonly NamedResult[];
  readonly files: readonly string[];
  /** What the results say of themselves. */
  readonly notes: readonly string[];
  /** Why results are wrong as they are. */
  readonly faults: readonly string[];
  /** Which results lack numbers. */
  readonly missing: readonly MissingNumbers[];
  /** All of them, with what the scan, its analyses and its numbers say: all with which the results are to be read. */
  readonly warnings: readonly string[];
}> {
  const {
    analyses = [],
    udfs = [],
    channels,
    output,
    png,
    html,
    htmlMb,
    commandLine,
    force,
    inputs,
    writes = true,
    view,
    onFiles: _told,
    ...given
  } = options;
  if (view !== undefined && typeof (view as Partial<ScanViewer> | null)?.scanView !== 'function')
    throw new EwaldError('Argument', 'view is not a viewer; expected the result of serveView of ewald/view');
  if (view && given.plots)
    throw argumentError(
      '',
      (said) => `${said('view')} shows partial results in a viewer, and ${said('plots')} elsewhere; choose one of them`,
    );
  refuseAlone('runToFiles', { htmlMb: scanRunRows.htmlMb, html: scanRunRows.html }, { html, htmlMb });
  const tell = observer('runToFiles', options, 'onFiles');
  const writing = writingOf({ force, inputs }, scan.name);
  refuseNamesakes(analyses, udfs);
  const other = analyses.find((analysis) => analysis.scan !== scan);
  if (other)
    throw new EwaldError(
      'Argument',
      `runToFiles: the analysis ${other.name} is of ${other.scan.name}, and the scan is ${scan.name}; make it of this scan`,
    );
  if (analyses.some((analyse) => analyse.roi) && (analyses.length > 1 || udfs.length > 0 || given.roi))
    throw argumentError(
      '',
      (said) => `pick reads a single frame; it cannot be combined with other analyses or ${said('roi')}`,
    );
  const recorded = recordedBy(given.record, force);
  const running: ToldRunOptions = {
    ...given,
    roi: given.roi ?? analyses[0]?.roi,
    record: writes ? recorded : undefined,
    [isTold]: true,
  };
  const outputs = { output, png, html };
  if (writes) await checkOutputs(outputs, writing);
  const makePage = html === undefined ? undefined : await pageMaker(html, { htmlMb, commandLine });
  const prepared = await ctx.prepare(analyses, running);
  const all = [...prepared.map(({ udf }) => udf), ...udfs];
  const named = (found: readonly ResultBuffers[]): NamedResult[] =>
    all.flatMap(({ definition }, i) => {
      const [analysis, buffers = {}] = [prepared[i], found[i]];
      const prefix = all.length > 1 ? `${analysis?.name ?? definition.name}-` : '';
      return (analysis ? namedChannels(analysis, buffers) : namedBuffers(buffers))
        .filter(({ name }) => channels?.some((channel) => channel === name || channel === `${prefix}${name}`) ?? true)
        .map((result) => renamed(result, `${prefix}${result.name}`));
    });
  let files: ResultFiles | undefined;
  let shown: ViewedRun | undefined;
  try {
    // A run without frames determines the names of the results, so that an existing file is rejected before the work.
    if (output ?? png ?? html) {
      const { corrections } = running;
      const nothing: ToldRunOptions = { roi: { shape: scan.shape.nav, entries: [] }, corrections, [isTold]: true };
      const none = await ctx.runUdf(scan, all, nothing).then(
        (found) => named(found as readonly ResultBuffers[]),
        () => [],
      );
      if (writes) files = await beginResults(outputs, none, writing);
      if (files && none.length > 0) tell(files.names);
    }
    // Images have the names of results, of which those of several functions begin with that of their function.
    const pictures: PicturesOf = (found) => picturesOf(() => named(found as readonly ResultBuffers[]));
    shown = view && writes ? new ViewedRun(view, scan) : undefined;
    const plots = shown ? { plots: { show: shown.show, pictures } } : {};
    const { buffers, failure } = await ran(ctx, scan, all, { ...running, ...plots });
    const results = named(buffers);
    if (results.length === 0)
      throw argumentError('', (said) => `${said('channels')} is ${channels?.join(', ')}: no result has this name`);
    const { roi, corrections } = running;
    const isPart = failure !== undefined && !scan.live;
    // Several analyses may say the same.
    const said = (of: 'doubts' | 'faults'): string[] =>
      failure ? [] : [...new Set(prepared.flatMap((analysis, i) => analysis[of]?.(buffers[i]) ?? []))];
    const [notes, found] = [said('doubts'), said('faults')];
    const faults = failure ? [] : [...(await changesOf(scan)), ...found];
    const leftOut = Math.max(0, ...analyses.map(({ name, options = {} }) => leftOutOf(scan, name, options).count));
    const before = new Set(prepared.flatMap((analysis) => analysis.notes ?? []));
    // What the numbers lack is known when they have been looked at, as they are where large ones are written.
    const looked = () => {
      const missing = missingNumbers(results, scan.shape.nav, measuredPositions(scan, buffers), leftOut);
      const warnings = [
        ...scan.notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text),
        ...(failure ? [failure.message] : []),
        ...[...faults, ...before, ...notes, ...countTexts(scan).texts],
        ...missing.map(({ text }) => text),
      ];
      return { missing, warnings };
    };
    let known: ReturnType<typeof looked> | undefined;
    const look = () => {
      known ??= looked();
      return known;
    };
    const about: ResultsAbout = {
      ...aboutRun(scan, { analyses, udfs, roi, corrections }, all),
      ...(failure && { measured: measuredBy(failure) }),
      get warnings() {
        const { warnings } = look();
        return warnings.length > 0 ? warnings : undefined;
      },
    };
    const page = async (): Promise<string> => {
      const made = await makePage?.({ results, about, notes: look().warnings });
      notes.push(...(made?.lacks ?? []));
      return made?.html ?? '';
    };
    const how = { ...writing, about, isPart, signal: given.signal, page };
    const written = writes ? await writeResults(outputs, results, files, how) : [];
    if (running.record && recorded && !isPart) written.push(recorded.file);
    const { missing, warnings } = look();
    shown?.end(failure, written, warnings);
    shown = undefined;
    if (failure) throw withResults(failure, results, written);
    return { results, files: written, notes, faults, missing, warnings };
  } catch (error) {
    shown?.fail(error);
    throw error;
  } finally {
    await files?.discard();
  }
}

/** Those of results that are drawable; none while they are not yet what an analysis needs. */
function picturesOf(results: () => readonly NamedResult[]): ReturnType<PicturesOf> {
  let found: readonly NamedResult[] = [];
  try {
    found = results();
  } catch {
    // Of a part of the scan, an analysis may refuse what it takes from the whole; a run that ends says so.
  }
  return found.filter(isDrawable).map(({ name: title, shape: [height = 0, width = 0], data, unit }) => ({
    ...{ title, height, width, unit },
    data: data as Float64Array,
  }));
}

/** A viewer that shows the results of a run until they are in files. */
class ViewedRun {
  readonly #shown: ScanView;
  readonly #live: Scan['live'];
  #done = 1;

  constructor(view: ScanViewer, { live, name, shape }: Scan) {
    this.#live = live;
    this.#shown = view.scanView({ name, ...(live && { status: liveWords(live, shape.nav) }) });
  }

  readonly show = (picture: LivePicture): void => {
    this.#done = picture.done;
    this.#shown.show(picture);
  };

  /** The run has ended, with what it has written. */
  end(failure: EwaldError | undefined, files: readonly string[], notes: readonly string[]): void {
    const why = whyOf(failure) ?? this.#live?.status.reason;
    this.#shown.end(!failure && this.#done === 1, why, files, notes);
  }

  /** It has failed, and has written nothing. */
  fail(error: unknown): void {
    this.#shown.end(false, whyOf(error));
  }
}

/** Why a run ended early; the user knows of an interruption. */
const whyOf = (error: unknown): string | undefined =>
  error === undefined || isEwaldError(error, 'Aborted') ? undefined : messageOf(error);

/** Runs UDFs; if a live scan ends with an error, or the user ends another, with the results so far. */
async function ran(
  ctx: UdfContext,
  scan: Scan,
  udfs: readonly AnyUdf[],
  options: UdfRunOptions,
): Promise<{ readonly buffers: readonly ResultBuffers[]; readonly failure?: EwaldError }> {
  try {
    return { buffers: (await ctx.runUdf(scan, udfs, options)) as readonly ResultBuffers[] };
  } catch (error) {
    const partial = isEwaldError(error) ? (error.detail.partial as PartialOfRun | undefined) : undefined;
    // The frames of other scans can be read again, but hours of work may be in the results of those that were.
    const isKept = scan.live !== undefined || isEwaldError(error, 'Aborted');
    if (!isKept || !partial || partial.progress.frames === 0) throw error;
    return { buffers: partial.results as readonly ResultBuffers[], failure: error as EwaldError };
  }
}

/** How many positions of a run that ended early have results. */
function measuredBy({ detail }: EwaldError): NonNullable<ResultsAbout['measured']> {
  const { frames, totalFrames } = (detail.partial as PartialOfRun).progress;
  return { positions: frames, of: totalFrames };
}

/** At how many positions of the scan some function has results. */
function measuredPositions({ shape }: Scan, buffers: readonly ResultBuffers[]): number {
  const measured = buffers.map(measuredOf).find((mask) => mask !== undefined);
  return measured?.reduce((sum, one) => sum + Number(one !== 0), 0) ?? product(shape.nav);
}

/** The error of a run, with its partial results and their files. */
function withResults(error: EwaldError, results: readonly NamedResult[], files: readonly string[]): EwaldError {
  const { positions, of: all } = measuredBy(error);
  const of = `${positions} of ${all} positions`;
  const where = files.length === 0 ? '' : `. The results of ${of} are in ${files.join(', ')}`;
  return new EwaldError(error.tag, `${error.message}${where}`, {
    cause: error,
    detail: { ...error.detail, files, results },
  });
}
