/** Collects the detector fits of crystals, reports the result, and writes the refined geometry if requested. */
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import type { Output } from '../../files/write.js';
import { type DetectorFit, detectorVerdict, refinedGeometry } from '../detector-fit.js';
import { detectorRemarks } from '../detector-remarks.js';
import type { FrameRecord } from '../record.js';
import { Sampled } from '../sampled.js';
import { ended, type FrameSink } from './sink.js';

export class DetectorSink implements FrameSink {
  readonly #geometry: Geometry;
  readonly #file: string | undefined;
  readonly #refined: string | undefined;
  readonly #fits = new Sampled<DetectorFit>();
  #beam: Beam | undefined;
  #output: Output | undefined;

  /**
   * `file` is the name of the output in messages; without `output` and `file`, the fits are only reported. `refined` is
   * the text of a geometry that was refined before the frames were searched; if given, it is what is written.
   */
  constructor(geometry: Geometry, output?: Output, file?: string, refined?: string) {
    this.#geometry = geometry;
    this.#refined = refined;
    this.#file = file;
    this.#output = output;
  }

  async add({ crystals, beam }: FrameRecord): Promise<void> {
    this.#beam ??= beam;
    for (const { detector } of crystals) if (detector) this.#fits.add(detector);
  }

  /** Remarks on the fits. */
  remarks(): string[] {
    return this.#beam ? detectorRemarks(detectorVerdict(this.#fits.kept), this.#geometry, this.#beam) : [];
  }

  async close(isWhole: boolean): Promise<string> {
    const remarks = this.remarks();
    const verdict = detectorVerdict(this.#fits.kept);
    if (this.#file === undefined || !this.#output) return remarks.join('\n');
    if (this.#refined !== undefined) {
      await this.#output.write(this.#refined);
      return [...remarks, `refined geometry in ${await ended(this.#output, this.#file, isWhole)}`].join('\n');
    }
    if (!verdict || !this.#beam) {
      await this.#output.discard();
      return [...remarks, `no refined geometry: ${this.#fits.seen} crystals are not enough`].join('\n');
    }
    await this.#output.write(formatGeometry(refinedGeometry(this.#geometry, this.#beam, verdict)));
    return [...remarks, `refined geometry in ${await ended(this.#output, this.#file, isWhole)}`].join('\n');
  }

  async discard(): Promise<void> {
    await this.#output?.discard();
  }
}
