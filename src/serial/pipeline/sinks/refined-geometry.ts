/** Collects the detector fits of crystals, reports the result, and writes the refined geometry if requested. */

import { Sampled } from '../../../base/sampled.js';
import type { Beam, Geometry } from '../../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../../crystal/geometry/write.js';
import type { Output } from '../../../io/files/write.js';
import {
  type DetectorFit,
  type DetectorVerdict,
  detectorVerdict,
  refinedGeometry,
} from '../../refinement/detector-fit.js';
import {
  type DetectorRemarks,
  detectorRemarks,
  fewCrystalsRemark,
  type SettledCells,
} from '../../refinement/detector-remarks.js';
import type { FrameRecord } from '../record.js';
import { closeOutput, type FrameSink } from './sink.js';

/** The file to which a refined geometry is written. */
interface RefinedFile {
  readonly output: Output;
  /** Its name in messages. */
  readonly name: string;
  /** The text of a geometry that was refined before the frames were searched; if given, it is what is written. */
  readonly refined: string | undefined;
}

/** What a run has learnt about its geometry from its first crystals. */
interface SettledRun extends SettledCells {
  readonly usedGeometry: Geometry;
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

  /** What the fits tell about the detector. */
  told(): DetectorRemarks {
    if (!this.#beam || this.#isDoubtful()) return { doubts: [], remarks: [] };
    const { usedGeometry, isCellGiven } = this.#run;
    const few = fewCrystalsRemark(this.#fits.kept, usedGeometry, isCellGiven);
    if (few !== undefined) return { doubts: [few], remarks: [] };
    return detectorRemarks(detectorVerdict(this.#fits.kept), usedGeometry, this.#beam, this.#run);
  }

  async close(isWhole: boolean): Promise<string> {
    const { remarks } = this.told();
    if (!this.#file) return remarks.join('\n');
    const { output, name, refined } = this.#file;
    const verdict = detectorVerdict(this.#fits.kept);
    const isFitted = refined !== undefined || (verdict !== undefined && this.#beam !== undefined);
    const { usedGeometry, fitted, isCellGiven } = this.#run;
    const isDoubtful = this.#isDoubtful();
    if (isDoubtful || !isFitted) {
      await output.discard();
      const reason = isDoubtful
        ? 'the cell is doubtful, and a geometry would be refined to fit it'
        : `${this.#fits.seen} crystals are not enough`;
      return [...remarks, `no refined geometry: ${reason}`].join('\n');
    }
    // What was fitted on the first crystals and has not moved is right, whatever the known cell makes of it.
    // A cell that was determined at the given distance cannot correct it.
    const found = { ...(verdict as DetectorVerdict), ...(isCellGiven ? {} : { scale: 1 }) };
    // A geometry that was shifted before the frames were searched needs no verdict of theirs.
    const used = () => (fitted ? usedGeometry : refinedGeometry(usedGeometry, this.#beam as Beam, found));
    await output.write(refined ?? formatGeometry(used()));
    const isGiven = refined === undefined && fitted !== undefined;
    const what = isGiven ? 'nothing was refined: the given geometry is' : 'refined geometry';
    return [...remarks, `${what} in ${await closeOutput(output, name, isWhole)}`].join('\n');
  }

  async discard(): Promise<void> {
    await this.#file?.output.discard();
  }
}
