/** Collects the detector fits of crystals, reports the result, and writes the refined geometry if requested. */

import type { Beam } from '../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import type { Output } from '../../frames/files/write.js';
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
  type Sharpness,
} from '../../refinement/detector-remarks.js';
import { median } from '../../util/median.js';
import { Sampled } from '../../util/sampled.js';
import type { FrameRecord } from '../record.js';
import type { CellVerdict } from '../run/cell-verdict.js';
import type { RunGeometry } from '../run/run-state.js';
import { closeOutput, type FrameSink } from './sink.js';

/** The file to which a refined geometry is written. */
interface RefinedFile {
  readonly output: Output;
  /** Its name in messages. */
  readonly name: string;
}

export class DetectorSink implements FrameSink {
  readonly isBrief = true;
  readonly isOfWholeRun = true;
  readonly #geometry: RunGeometry;
  readonly #verdict: CellVerdict;
  readonly #file: RefinedFile | undefined;
  readonly #fits = new Sampled<DetectorFit>();
  #beam: Beam | undefined;
  readonly #sharpness = new Sampled<Sharpness>();

  /**
   * Without `file` the fits are only reported. If the known cell may be wrong, nothing is reported or written, because
   * the fits assume that it is right.
   */
  constructor(geometry: RunGeometry, verdict: CellVerdict, file?: RefinedFile) {
    this.#geometry = geometry;
    this.#verdict = verdict;
    this.#file = file;
  }

  async add({ crystals, beam }: FrameRecord): Promise<void> {
    this.#beam ??= beam;
    // Spots, which a brief record lacks, are at half of the limit of resolution in the middle.
    for (const { profileRadius, resolution } of crystals)
      if (profileRadius > 0) this.#sharpness.add({ inverseD: resolution / 2, profileRadius });
    for (const { detector } of crystals) if (detector) this.#fits.add(detector);
  }

  /** What the fits tell about the detector. */
  told(): DetectorRemarks {
    if (!this.#beam || this.#verdict.isDoubtful) return { doubts: [], remarks: [] };
    const { used, isCellGiven } = this.#geometry;
    const few = fewCrystalsRemark(this.#fits.kept, used, isCellGiven);
    if (few !== undefined) return { doubts: [few], remarks: [] };
    const all = this.#sharpness.kept;
    const middle = (of: keyof Sharpness): number => median(all.map((one) => one[of]));
    const sharpness =
      all.length > 0 ? { inverseD: middle('inverseD'), profileRadius: middle('profileRadius') } : undefined;
    return detectorRemarks(detectorVerdict(this.#fits.kept), used, this.#beam, this.#geometry, sharpness);
  }

  async close(isWhole: boolean): Promise<string> {
    const { remarks } = this.told();
    if (!this.#file) return remarks.join('\n');
    const { output, name } = this.#file;
    const { used, text, isRefined, fitted, isCellGiven } = this.#geometry;
    const verdict = detectorVerdict(this.#fits.kept);
    const isFitted = isRefined || (verdict !== undefined && this.#beam !== undefined);
    const { isDoubtful } = this.#verdict;
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
    const latest = () => (fitted ? used : refinedGeometry(used, this.#beam as Beam, found));
    await output.write(isRefined ? text : formatGeometry(latest()));
    const isGiven = !isRefined && fitted !== undefined;
    const what = isGiven ? 'nothing was refined: the given geometry is' : 'refined geometry';
    return [...remarks, `${what} in ${await closeOutput(output, name, isWhole)}`].join('\n');
  }

  async discard(): Promise<void> {
    await this.#file?.output.discard();
  }
}
