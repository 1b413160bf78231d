/** The calibration of the open scan, and its analyses of whole frames, by the context of `ewald/udf`. */
import { type Calibration, calibratedRun, omitUndefined } from '../../entries/pages.js';
import { type AnalysisResults, Context, type Scan } from '../../entries/udf.js';
import type { OpenDataset } from './open-dataset.js';
import { over } from './picked-frames.js';
import type { ImagePlane, Optics, ShownCalibration } from './protocol.js';
import { quantities, type ScanQuantity, wholeAnalysis } from './scan-quantities.js';
import { shownCalibration, statedBy } from './shown-calibration.js';

export class ScanAnalyses {
  readonly #dataset: OpenDataset;
  readonly #signal: AbortSignal;
  readonly #context = new Context({ context: { backend: 'wasm' } });
  #scan: Promise<Scan> | undefined;
  #found: Promise<Calibration> | undefined;
  readonly #results = new Map<string, Promise<AnalysisResults>>();

  /** `calibration` came with the file. */
  constructor(dataset: OpenDataset, calibration: unknown, signal: AbortSignal) {
    [this.#dataset, this.#signal] = [dataset, signal];
    if (calibration !== undefined) this.#found = Promise.resolve(calibration as Calibration);
    signal.addEventListener('abort', () => void this.#context.close());
  }

  /** Calibrates the scan anew. */
  async calibrate(optics: Optics): Promise<ShownCalibration> {
    this.#results.clear();
    return this.#shown(await this.#measured(optics));
  }

  #measured(optics: Optics): Promise<Calibration> {
    const found = this.#opened().then((scan) =>
      this.#context.calibrate(scan, { ...omitUndefined(optics), signal: this.#signal }),
    );
    this.#found = found;
    // What failed is tried again.
    found.catch(() => {
      if (this.#found === found) this.#found = undefined;
    });
    return found;
  }

  /** A result that is computed with the calibration, in C order, and the calibration. */
  async result(
    quantity: ScanQuantity,
    optics: Optics,
  ): Promise<{
    readonly image: Float64Array;
    readonly plane: ImagePlane | undefined;
    readonly notes: readonly string[];
    readonly calibration: ShownCalibration;
  }> {
    const calibration = await (this.#found ?? this.#measured(optics));
    const analysis = wholeAnalysis(quantity);
    if (analysis === undefined) throw new Error(`${quantity} follows the virtual detector`);
    const { channel } = quantities[quantity];
    const made = calibratedRun(analysis, [this.#context, await this.#opened()], calibration, optics);
    const key = `${analysis} ${JSON.stringify(optics)}`;
    const running = this.#results.get(key) ?? this.#context.run(made, { signal: this.#signal });
    this.#results.set(key, running);
    const results = await running.catch((error: unknown) => {
      this.#results.delete(key);
      throw error;
    });
    const { data = [], shape = [], axes } = results[channel] ?? {};
    const [rows = 0, columns = 0] = shape;
    const plane = axes && { rows, columns, axes: axes as ImagePlane['axes'] };
    const image = Float64Array.from(data);
    // An image of the scan; a plane has axes of its own.
    if (!plane)
      for (const [i, isMeasured] of this.#dataset.measured?.entries() ?? []) if (!isMeasured) image[i] = Number.NaN;
    return { image, plane, notes: results.notes, calibration: this.#shown(calibration) };
  }

  #shown(calibration: Calibration): ShownCalibration {
    return shownCalibration(calibration, statedBy(this.#dataset).units);
  }

  /** The file as a scan of the context, which does not close it. */
  #opened(): Promise<Scan> {
    const lent = over(this.#dataset, { dispose: async () => undefined });
    this.#scan ??= this.#context.load(lent as never);
    return this.#scan;
  }
}
