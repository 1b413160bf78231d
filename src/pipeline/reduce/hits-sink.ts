/** `--hits FILE`: the frames that are hits, read again as they were recorded. */
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import type { Codecs } from '../../frames/codecs/codecs.js';
import type { Dataset, Metadata } from '../../frames/dataset.js';
import { type Detector, openDetector } from '../../frames/detector/detector.js';
import { stackedGeometry } from '../../frames/detector/stacked.js';
import { elementBytes } from '../../frames/dtype.js';
import type { Output, WriteOptions } from '../../frames/files/write.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import type { OutputTarget } from '../inputs/place.js';
import type { FrameRecord } from '../record.js';
import type { Run } from '../run/run-state.js';
import { patchedOutput } from '../sinks/function-output.js';
import { closeOutput, type FrameSink } from '../sinks/sink.js';
import { geometryBeside, targetName, writingOf } from '../sinks/targets.js';
import type { FrameOrigin } from '../streams/chunk.js';
import { firstPlaceOf } from './first-numbers.js';
import { HitsFile } from './hits-file.js';
import { flatPanelOf, geometryOfHits } from './hits-geometry.js';
import type { KeptHits } from './kept-hits.js';

/** Opens the files of a run again, one at a time; frames that were received live are in memory. */
class FramesAgain {
  readonly #source: Run['source'];
  readonly #discards: boolean;
  #open: { readonly name: string; readonly dataset: Dataset } | undefined;

  /** `discards`: whether nothing else shows frames that were received live. */
  constructor(source: Run['source'], discards: boolean) {
    [this.#source, this.#discards] = [source, discards];
  }

  async of({ filename, event = 0 }: FrameOrigin): Promise<{ readonly dataset: Dataset; readonly frame: number }> {
    const { kept } = this.#source;
    if (kept) return { dataset: kept.dataset(event), frame: 0 };
    if (this.#open?.name !== filename) {
      await this.close();
      this.#open = { name: filename, dataset: await this.#source.reopen(filename) };
    }
    return { dataset: this.#open.dataset, frame: event };
  }

  done({ event = 0 }: FrameOrigin): void {
    if (this.#discards) this.#source.kept?.only(new Set(), event);
  }

  async close(): Promise<void> {
    const { dataset } = this.#open ?? {};
    this.#open = undefined;
    await dataset?.dispose();
  }
}

/** Opens the file and the geometry beside it. Throws `Argument`, `File`. */
export async function openHits(run: Run, target: OutputTarget, writing: WriteOptions): Promise<FrameSink> {
  const { options, place } = run;
  const output = await place.openOutput(target, { ...writing, ...writingOf('hits', options) });
  let beside: Output | undefined;
  let codecs: Codecs | undefined;
  try {
    if (typeof target === 'string' && !output.patch)
      throw new EwaldError('Argument', `${target} is no regular file; HDF5 cannot be written into a pipe or a device`);
    const geometry = geometryBeside(target);
    if (geometry !== undefined)
      beside = await place.openOutput(geometry, { ...writing, ...writingOf('hitsGeometry', options) });
    codecs = await place.openCodecs();
    return new HitsSink(run, { target, output: output.patch ? output : patchedOutput(output), beside, codecs });
  } catch (error) {
    await output.discard();
    await beside?.discard();
    await codecs?.dispose();
    throw error;
  }
}

interface HitsTarget {
  readonly target: OutputTarget;
  readonly output: Output;
  readonly beside: Output | undefined;
  readonly codecs: Codecs;
}

class HitsSink implements FrameSink {
  readonly isOfWholeRun = true;
  readonly #run: Run;
  readonly #to: HitsTarget;
  readonly #again: FramesAgain;
  #file: HitsFile | undefined;
  #mask: Uint8Array | undefined;
  /** Masks of files that are known to be the same. */
  readonly #same = new WeakSet<Uint8Array>();
  /** Frames of the runs from which frames were taken that had been reduced before, by their first file. */
  readonly #before = new Map<string, number>();
  #frames = 0;
  #hits = 0;
  #blanks = 0;
  #isReduced = true;

  constructor(run: Run, to: HitsTarget) {
    [this.#run, this.#to] = [run, to];
    this.#again = new FramesAgain(run.source, run.options.html === undefined);
  }

  async add(record: FrameRecord): Promise<void> {
    const { hit, origin } = record;
    this.#frames++;
    if (hit) this.#hits++;
    const isKept = hit || this.#isKeptBlank();
    if (isKept) await this.#keep(record);
    this.#again.done(origin);
  }

  /** Every n-th blank, so that they are spread over the run. */
  #isKeptBlank(): boolean {
    const seen = this.#frames - this.#hits;
    return Math.floor(seen * this.#run.options.blanks) > Math.floor((seen - 1) * this.#run.options.blanks);
  }

  async #keep({ origin, hit, beam, peaks, headers = [] }: FrameRecord): Promise<void> {
    const { source, options } = this.#run;
    const { dataset, frame } = await this.#again.of(origin);
    const { dtype } = source.first;
    if (dataset.dtype !== dtype)
      throw new EwaldError(
        'Shape',
        `${dataset.name}: frames are ${dataset.dtype}, but those of the first file ${dtype}`,
      );
    const [height = 1, width = 1] = source.first.shape.sig.slice(-2);
    const detector = await this.#detector();
    this.#file ??= await HitsFile.create(
      {
        append: (bytes) => this.#to.output.write(bytes),
        patch: async (at, bytes) => this.#to.output.patch?.(at, bytes),
      },
      this.#to.codecs,
      { signal: [height, width], dtype, codec: options.codec },
    );
    await this.#checkMask(detector, dataset, frame);
    const place = await firstPlaceOf(dataset, origin);
    if (place.of === undefined) this.#isReduced = false;
    else this.#before.set(origin.filename, place.of);
    await this.#file.add({
      pixels: await dataset.read(frame, 1),
      as: hit ? 'hit' : 'blank',
      place,
      wavelengthA: beam.wavelengthA,
      distanceM: beam.distanceM,
      peaks,
      headers,
    });
    if (!hit) this.#blanks++;
  }

  /** The detector with all its pixels: a limit of resolution is of the search. */
  async #detector(): Promise<Detector> {
    const { own, options, source, geometry } = this.#run;
    const detector = await own.detector();
    if (this.#mask === undefined) {
      const { bad, openOther, highres } = options;
      const whole =
        highres === undefined || source.kept
          ? detector
          : await openDetector(source.first, { geometry: geometry?.geometry, bad, openOther }, source.openOther);
      this.#mask = whole.bad;
    }
    return detector;
  }

  /** A file has one mask. Throws `Unsupported` for a frame whose bad pixels differ. */
  async #checkMask(detector: Detector, dataset: Dataset, frame: number): Promise<void> {
    const bad = await detector.badOf(dataset, frame);
    if (bad === undefined || bad === detector.bad || this.#same.has(bad)) return;
    const other = bad.findIndex((one, i) => (one === 0) !== (detector.bad[i] === 0));
    if (other >= 0)
      throw new EwaldError(
        'Unsupported',
        `${dataset.name}: frame ${frame} has other bad pixels than the first one (at fs ${other % detector.width}, ss ` +
          `${Math.floor(other / detector.width)}); a file of hits has one mask for all frames`,
      );
    this.#same.add(bad);
  }

  async close(isWhole: boolean): Promise<string> {
    const { target, output, beside } = this.#to;
    try {
      const name = targetName(target, 'the hits');
      if (!this.#file) {
        await this.#drop();
        this.#tell({ bytes: 0, file: undefined, geometry: undefined });
        return `no hit among ${counted(this.#frames, 'frame')}: ${name} is not written`;
      }
      const { detector, geometry } = await this.#geometry();
      const text = formatGeometry(geometry);
      const bytes = await this.#file.finish({
        meta: await this.#meta(detector),
        mask: this.#mask as Uint8Array,
        saturation: detector.saturation,
        geometry: text,
        commandLine: this.#run.prepared.commandLine,
        parameters: this.#parameters(),
        framesInRun: this.#framesInRun(),
        more: {},
      });
      await beside?.write(text);
      const geom = beside && (await closeOutput(beside, geometryBeside(target) as string, isWhole));
      const file = await closeOutput(output, name, isWhole);
      const raw = this.#tell({ bytes, file: typeof target === 'string' ? file : undefined, geometry: geom });
      return (
        `${counted(this.#file.frames, 'frame')} of ${this.#frames} (${counted(this.#hits, 'hit')}) in ${file}, ` +
        `${(bytes / 1e6).toPrecision(3)} MB: ${(raw / bytes).toPrecision(3)} times smaller than all frames as plain numbers`
      );
    } finally {
      await this.#end();
    }
  }

  async discard(): Promise<void> {
    await this.#drop();
    await this.#end();
  }

  async #drop(): Promise<void> {
    await this.#to.output.discard();
    await this.#to.beside?.discard();
  }

  async #end(): Promise<void> {
    await this.#again.close();
    await this.#to.codecs.dispose();
  }

  /** Says what is kept; returns the bytes of all frames as plain numbers. */
  #tell({ bytes, file, geometry }: Pick<KeptHits, 'bytes' | 'file' | 'geometry'>): number {
    const { source, events } = this.#run;
    const rawBytes = this.#frames * source.first.frameLength * elementBytes(source.first.dtype);
    const [frames, hits, blanks] = [this.#frames, this.#hits, this.#blanks];
    const kept = this.#file?.frames ?? 0;
    events.reportQuietly({ kind: 'hits', hits: { file, geometry, frames, hits, kept, blanks, bytes, rawBytes } });
    return rawBytes;
  }

  async #geometry(): Promise<{ readonly detector: Detector; readonly geometry: Geometry }> {
    const { own, prepared, source } = this.#run;
    const detector = await own.detector();
    const stacked = stackedGeometry(prepared.geometry.used, source.first);
    const hasSaturation = detector.saturation !== undefined;
    const vary = (this.#file as HitsFile).varies;
    return { detector, geometry: geometryOfHits(stacked, detector.beam, vary, { hasSaturation }) };
  }

  /** What the frames' file says of the experiment, with the detector as the run knows it. */
  async #meta({ geometry, beam }: Detector): Promise<Metadata> {
    const flat = flatPanelOf(geometry, beam);
    const none = { pixelSizeM: undefined, beamCentrePx: undefined, distanceM: undefined };
    return { ...this.#run.source.first.meta, axes: undefined, wavelengthA: beam.wavelengthA, ...(flat ?? none) };
  }

  #parameters(): Readonly<Record<string, unknown>> {
    const { options, prepared } = this.#run;
    const { minPeaks, finder = 'peakfinder8', peaks } = prepared.settings;
    const { blanks, codec } = options;
    return { keep: 'hits', codec, blanks, minPeaks, finder, peaks };
  }

  #framesInRun(): number {
    const before = [...this.#before.values()].reduce((sum, n) => sum + n, 0);
    return this.#isReduced && before > 0 ? before : this.#frames;
  }
}
