/** Collects the detector fits of crystals, reports the result, and writes the refined geometry if requested. */
import type { Beam, Geometry } from '../../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../../crystal/geometry/write.js';
import type { Output } from '../../../io/files/write.js';
import {
  type DetectorFit,
  type DetectorVerdict,
  detectorVerdict,
  refinedGeometry,
} from '../../refinement/detector-fit.js';
import { detectorRemarks, type FittedDistance, fewCrystalsRemark } from '../../refinement/detector-remarks.js';
import type { FrameRecord } from '../record.js';
import { Sampled } from '../sampled.js';
import { ended, type FrameSink } from './sink.js';

/** The file to which a refined geometry is written. */
interface RefinedFile {
  readonly output: Output;
  /** Its name in messages. */
  readonly name: string;
  /** The text of a geometry that was refined before the frames were searched; if given, it is what is written. */
  readonly refined: string | undefined;
}

/** What a run has learnt about its geometry from its first crystals. */
interface SettledRun {
  readonly usedGeometry: Geometry;
  readonly fitted?: FittedDistance | undefined;
}

export class DetectorSink implements FrameSink {
  readonly isBrief = true;
  readonly isOfWholeRun = true;
  readonly #run: SettledRun;
  readonly #isDoubtful: () => boolean;
  readonly #file: RefinedFile | undefined;
  readonly #fits = new Sampled<DetectorFit>();
  #beam: Beam | undefined;

  /**
   * Without `file` the fits are only reported. If `isDoubtful` returns true, the known cell may be wrong: nothing is
   * reported or written, because the fits assume that it is right.
   */
  constructor(run: SettledRun, isDoubtful: () => boolean, file?: RefinedFile) {
    this.#run = run;
    this.#isDoubtful = isDoubtful;
    this.#file = file;
  }

  async add({ crystals, beam }: FrameRecord): Promise<void> {
    this.#beam ??= beam;
    for (const { detector } of crystals) if (detector) this.#fits.add(detector);
  }

  /** Remarks on the fits. */
  remarks(): string[] {
    if (!this.#beam || this.#isDoubtful()) return [];
    const { usedGeometry, fitted } = this.#run;
    const few = fewCrystalsRemark(this.#fits.kept, usedGeometry);
    if (few !== undefined) return [few];
    return detectorRemarks(detectorVerdict(this.#fits.kept), usedGeometry, this.#beam, fitted);
  }

  async close(isWhole: boolean): Promise<string> {
    const remarks = this.remarks();
    if (!this.#file) return remarks.join('\n');
    const { output, name, refined } = this.#file;
    const verdict = detectorVerdict(this.#fits.kept);
    const isFitted = refined !== undefined || (verdict !== undefined && this.#beam !== undefined);
    const { usedGeometry, fitted } = this.#run;
    const isDoubtful = this.#isDoubtful();
    if (isDoubtful || !isFitted) {
      await output.discard();
      const reason = isDoubtful
        ? 'the cell is in doubt, and a geometry would be refined to fit it'
        : `${this.#fits.seen} crystals are not enough`;
      return [...remarks, `no refined geometry: ${reason}`].join('\n');
    }
    // What was fitted on the first crystals and has not moved is right, whatever the known cell makes of it.
    const used = fitted ? usedGeometry : refinedGeometry(usedGeometry, this.#beam as Beam, verdict as DetectorVerdict);
    await output.write(refined ?? formatGeometry(used));
    return [...remarks, `refined geometry in ${await ended(output, name, isWhole)}`].join('\n');
  }

  async discard(): Promise<void> {
    await this.#file?.output.discard();
  }
}
