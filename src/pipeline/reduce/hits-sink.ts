/** `--hits FILE`: the frames that are hits, read again as they were recorded. */

import type { Codecs } from '../../bytes/codecs/codecs.js';
import { elementBytes, type FrameArray } from '../../bytes/dtype.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import type { Dataset, Metadata } from '../../frames/dataset.js';
import { type Detector, goodInFile, openDetector } from '../../frames/detector/detector.js';
import { stackedGeometry } from '../../frames/detector/stacked.js';
import type { Output, WriteOptions } from '../../frames/files/write.js';
import type { WriteNode } from '../../hdf5/writer.js';
import { argumentError, setting } from '../../options/parameters.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { explainedFraction } from '../doubt.js';
import type { OutputTarget } from '../inputs/place.js';
import type { FrameRecord } from '../record.js';
import type { Run } from '../run/run-state.js';
import { Column } from '../sinks/column.js';
import { patchedOutput } from '../sinks/function-output.js';
import { closeOutput, type FrameSink } from '../sinks/sink.js';
import { geometryBeside, targetName, writingOf } from '../sinks/targets.js';
import { usualRadii } from '../stages/integrate.js';
import type { FrameOrigin } from '../streams/chunk.js';
import { firstPlaceOf, recordedName } from './first-numbers.js';
import { HitsFile } from './hits-file.js';
import { flatPanelOf, geometryOfHits } from './hits-geometry.js';
import type { KeptHits } from './kept-hits.js';
import { KeptPixels, markOf } from './kept-pixels.js';
import { movedPixels } from './moved-pixels.js';
import type { Proof } from './proof.js';
import { type KeptPicture, keptSection } from './proof-section.js';
import { proofBytes, SampledHits } from './sampled-hits.js';

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
    if (dataset) await this.#source.letGo(dataset);
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
    if (options.keep === 'spots') await refuseMoving(run);
    codecs = await place.openCodecs();
    return new HitsSink(run, { target, output: output.patch ? output : patchedOutput(output), beside, codecs });
  } catch (error) {
    await output.discard();
    await beside?.discard();
    await codecs?.dispose();
    throw error;
  }
}

/** Share of its peaks that crystals of a frame must explain: what the others belong to is predicted by nothing. */
const enoughExplained = 0.5;

/** Pixels by which a geometry may move before its spots are no longer where they are kept. */
const mostMoved = 1;

/** Refuses spots of a geometry that is not final. Throws `Argument`. */
async function refuseMoving({ own, source, options, geometry, prepared, events }: Run): Promise<void> {
  markOf(source.first.dtype);
  if (prepared.geometry.isRefined) {
    const { openOther } = options;
    const before = await openDetector(source.first, { geometry: geometry?.geometry, openOther }, source.openOther);
    const moved = movedPixels(before, await own.detector());
    if (moved > mostMoved)
      throw argumentError(
        'pipeline',
        (said) =>
          `the first crystals move the geometry by ${moved.toFixed(1)} pixels, so that it is not final; spots ` +
          `(${setting(said, 'keep', 'spots')}) would fix it: write the refined one (ewald index --refined-geometry ` +
          'FILE; refinedGeometry), and give that',
      );
  } else if (!prepared.geometry.fitted)
    events.warnQuietly(
      'there are too few crystals at the beginning to tell whether the geometry still moves; spots that are kept fix it',
      true,
    );
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
  #whole = 0;
  #spots: KeptPixels | undefined;
  /** What the pixels were that are not kept, one frame after the other, and the shares of those that are. */
  readonly #rings = { mean: new Column(Float32Array), count: new Column(Uint32Array) };
  readonly #shares: number[] = [];
  #isReduced = true;
  /** What the report shows: the first frame that has its spots alone, and the proof. */
  #picture: KeptPicture | undefined;
  #proven: Proof | undefined;
  /** The hits of which both ways are compared. */
  readonly #sampled: SampledHits | undefined;

  constructor(run: Run, to: HitsTarget) {
    [this.#run, this.#to] = [run, to];
    const { proof } = run.options;
    this.#sampled = proof === undefined ? undefined : new SampledHits(proof);
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

  async #keep(record: FrameRecord): Promise<void> {
    const { origin, hit, beam, peaks, headers = [] } = record;
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
      {
        signal: [height, width],
        dtype,
        codec: options.codec,
        proof: options.proof === undefined ? 0 : proofBytes,
      },
    );
    await this.#checkMask(detector, dataset, frame);
    const place = await firstPlaceOf(dataset, origin);
    if (place.of === undefined) this.#isReduced = false;
    else this.#before.set(origin.filename, place.of);
    const pixels = await dataset.read(frame, 1);
    const isSpots = options.keep === 'spots' && this.#keepSpots(pixels, record, detector);
    const isWhole = options.keep === 'spots' && hit && !isSpots;
    if (isWhole) this.#whole++;
    if (hit && !isWhole) this.#sampled?.add(this.#file.frames, record);
    await this.#file.add({
      pixels,
      as: isWhole ? 'whole' : hit ? 'hit' : 'blank',
      place,
      wavelengthA: beam.wavelengthA,
      distanceM: beam.distanceM,
      peaks,
      headers,
    });
    if (!hit) this.#blanks++;
  }

  /** Marks the pixels of an indexed frame that are not around a spot; false for one that is kept whole. */
  #keepSpots(pixels: FrameArray, record: FrameRecord, detector: Detector): boolean {
    const { prepared, options } = this.#run;
    const radius = Math.ceil((prepared.settings.intRadius ?? usualRadii)[2]) + options.margin;
    this.#spots ??= new KeptPixels(detector, radius, markOf(this.#run.source.first.dtype));
    const isIndexed = (explainedFraction(record) ?? 0) >= enoughExplained;
    if (isIndexed) {
      const { model, share } = this.#spots.apply(pixels, record);
      this.#shares.push(share);
      if (options.html !== undefined && !this.#picture) {
        const { width, height } = detector;
        const name = recordedName(record.origin.event ?? 0, record.origin.filename);
        this.#picture = { kept: this.#spots.latest.slice(), width, height, name: `frame ${name}`, share };
      }
      this.#rings.mean.add(model.mean);
      this.#rings.count.add(model.count);
      return true;
    }
    // Frames that are kept whole have their rings in their pixels.
    const { rings } = this.#spots;
    this.#rings.mean.add(new Float32Array(rings).fill(Number.NaN));
    this.#rings.count.add(new Uint32Array(rings));
    return false;
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
    const more = await goodInFile(detector, dataset);
    if (more > 0)
      throw new EwaldError(
        'Unsupported',
        `${dataset.name} has ${more} bad pixels less than the first file; a file of hits has one mask for all frames: ` +
          'reduce files with different masks one by one',
      );
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
        more: this.#ringModel(),
      });
      const proof = isWhole ? await this.#prove(geometry) : undefined;
      await beside?.write(text);
      const geom = beside && (await closeOutput(beside, geometryBeside(target) as string, isWhole));
      const file = await closeOutput(output, name, isWhole);
      const named = typeof target === 'string' ? file : undefined;
      const raw = this.#tell({ bytes, file: named, geometry: geom, proof });
      return (
        `${counted(this.#file.frames, 'frame')} of ${this.#frames} (${counted(this.#hits, 'hit')}) in ${file}, ` +
        `${(bytes / 1e6).toPrecision(3)} MB: ${(raw / bytes).toPrecision(3)} times smaller than all frames as plain numbers${proof === undefined ? '' : `\n${proof.text}`}`
      );
    } finally {
      await this.#end();
    }
  }

  /** Searches hits as they are in the file, and writes there what that did to intensities. */
  async #prove(geometry: Geometry): Promise<Proof | undefined> {
    const { temporary: path } = this.#to.output;
    const at = this.#file?.proofAt;
    if (!this.#sampled || path === undefined || at === undefined) return undefined;
    const { proveHits } = await import('./prove-hits.js');
    const proof = await proveHits(this.#run, { path, geometry }, this.#sampled.chosen());
    const bytes = new TextEncoder().encode(JSON.stringify(proof));
    if (bytes.length > proofBytes) throw new EwaldError('Internal', `a proof has ${bytes.length} bytes`);
    await this.#to.output.patch?.(at, bytes);
    this.#proven = proof;
    for (const text of proof.failures) this.#run.events.warnQuietly(`the proof of the hits fails: ${text}`, true);
    return proof;
  }

  reportSection(): string | undefined {
    return keptSection(this.#proven, this.#picture);
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
  #tell({ bytes, file, geometry, proof }: Pick<KeptHits, 'bytes' | 'file' | 'geometry' | 'proof'>): number {
    const { source, events } = this.#run;
    const rawBytes = this.#frames * source.first.frameLength * elementBytes(source.first.dtype);
    const [frames, hits, blanks, whole] = [this.#frames, this.#hits, this.#blanks, this.#whole];
    const kept = this.#file?.frames ?? 0;
    const pixels =
      this.#shares.length === 0 ? 1 : this.#shares.reduce((sum, share) => sum + share) / this.#shares.length;
    const counts = { frames, hits, kept, blanks, whole, pixels };
    events.reportQuietly({ kind: 'hits', hits: { file, geometry, ...counts, bytes, rawBytes, proof } });
    return rawBytes;
  }

  async #geometry(): Promise<{ readonly detector: Detector; readonly geometry: Geometry }> {
    const { own, prepared, source } = this.#run;
    const detector = await own.detector();
    const stacked = stackedGeometry(prepared.geometry.used, source.first);
    const hasSaturation = detector.saturation !== undefined;
    const vary = (this.#file as HitsFile).varies;
    return { detector, geometry: geometryOfHits(stacked, detector.beam, vary, { mark: this.#mark, hasSaturation }) };
  }

  /** What the frames' file says of the experiment, with the detector as the run knows it. */
  async #meta({ geometry, beam }: Detector): Promise<Metadata> {
    const flat = flatPanelOf(geometry, beam);
    const none = { pixelSizeM: undefined, beamCentrePx: undefined, distanceM: undefined };
    const { meta } = this.#run.source.first;
    const mark = this.#mark;
    const { saturation = Number.POSITIVE_INFINITY, underload = Number.NEGATIVE_INFINITY } = meta;
    const limits =
      mark === undefined
        ? {}
        : mark > 0
          ? { saturation: Math.min(saturation, mark - 1), markers: [...(meta.markers ?? []), mark] }
          : { underload: Math.max(underload, mark + 1) };
    return { ...meta, axes: undefined, wavelengthA: beam.wavelengthA, ...(flat ?? none), ...limits };
  }

  /** The value of pixels that are not kept; undefined if all are, or if no reader counts it. */
  get #mark(): number | undefined {
    if (this.#spots === undefined) return undefined;
    const mark = markOf(this.#run.source.first.dtype);
    return Number.isNaN(mark) ? undefined : mark;
  }

  /** The background of the pixels that are not kept, by ring about the beam. */
  #ringModel(): Readonly<Record<string, WriteNode>> {
    if (!this.#spots) return {};
    const { rings, ringWidth } = this.#spots;
    const attributes = { long_name: 'of the pixels that are not kept, by ring about the beam' };
    const children = {
      width: { value: ringWidth, attributes: { units: 'pixel' } },
      mean: this.#rings.mean.node([rings], attributes),
      count: this.#rings.count.node([rings], attributes),
    };
    return { rings: { attributes: { NX_class: 'NXcollection' }, children } };
  }

  #parameters(): Readonly<Record<string, unknown>> {
    const { options, prepared, spots } = this.#run;
    const { minPeaks, finder = 'peakfinder8', peaks, intRadius = usualRadii } = prepared.settings;
    const { keep, blanks, codec, margin } = options;
    // Whole hits of a file that has spots alone still have no other pixels.
    const ofSpots = keep === 'spots' ? { margin, intRadius } : spots && { keep: 'spots', ...spots };
    return { keep, ...ofSpots, codec, blanks, minPeaks, finder, peaks };
  }

  #framesInRun(): number {
    const before = [...this.#before.values()].reduce((sum, n) => sum + n, 0);
    return this.#isReduced && before > 0 ? before : this.#frames;
  }
}
