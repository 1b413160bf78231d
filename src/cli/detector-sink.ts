/** Gathers what crystals say of the detector, tells it, and writes the geometry that says so where it is asked for. */
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { formatGeometry } from '../crystal/geometry/write.js';
import { checkOutput, type WriteOptions, writeWhole } from '../files/write.js';
import { type DetectorFit, detectorVerdict, refinedGeometry } from '../pipeline/detector-fit.js';
import type { FrameRecord } from '../pipeline/record.js';
import { detectorRemarks } from './detector-remarks.js';
import type { FrameSink } from './frame-sinks.js';
import { Sampled } from './sampled.js';

export class DetectorSink implements FrameSink {
  readonly #geometry: Geometry;
  readonly #file: string | undefined;
  readonly #writing: WriteOptions;
  readonly #fits = new Sampled<DetectorFit>();
  #beam: Beam | undefined;

  constructor(geometry: Geometry, file: string | undefined, force: boolean) {
    this.#geometry = geometry;
    this.#file = file;
    this.#writing = { force, otherwise: 'may be a geometry of your own' };
  }

  /** Refuses early what could not be written. */
  async check(): Promise<void> {
    if (this.#file !== undefined) await checkOutput(this.#file, this.#writing);
  }

  async add({ crystals, beam }: FrameRecord): Promise<void> {
    this.#beam ??= beam;
    for (const { detector } of crystals) if (detector) this.#fits.add(detector);
  }

  /** What stands out. */
  remarks(): string[] {
    return this.#beam ? detectorRemarks(detectorVerdict(this.#fits.kept), this.#geometry, this.#beam) : [];
  }

  async close(): Promise<string> {
    const remarks = this.remarks();
    const verdict = detectorVerdict(this.#fits.kept);
    if (this.#file === undefined) return remarks.join('\n');
    if (!verdict || !this.#beam)
      return [...remarks, `no refined geometry: ${this.#fits.seen} crystals say too little`].join('\n');
    await writeWhole(this.#file, formatGeometry(refinedGeometry(this.#geometry, this.#beam, verdict)), this.#writing);
    return [...remarks, `refined geometry in ${this.#file}`].join('\n');
  }

  async discard(): Promise<void> {}
}
