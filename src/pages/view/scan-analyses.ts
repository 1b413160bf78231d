/** The calibration of the open scan, and its analyses of whole frames, by the context of `ewald/udf`. */
import { type Calibration, isKnown } from '../../entries/pages.js';
import { type Analysis, type AnalysisResults, Context, type Scan } from '../../entries/udf.js';
import type { OpenDataset } from './open-dataset.js';
import { over } from './picked-frames.js';
import type { ImagePlane, Optics, ShownCalibration } from './protocol.js';
import { quantities, type ScanQuantity, type WholeAnalysis, wholeAnalysis } from './scan-quantities.js';
import { shownCalibration, statedBy } from './shown-calibration.js';

/** The optics that are known. */
const given = (optics: Optics): Optics =>
  Object.fromEntries(Object.entries(optics).filter(([, value]) => value !== undefined));

/** The calibration for an analysis of disks, whose radius it has to know. */
function withDisk(calibration: Calibration): { readonly calibration: Calibration } {
  if (isKnown(calibration.disk)) return { calibration };
  throw new Error(`This takes the radius of the disks, which is not known here: ${calibration.disk.refused}.`);
}

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
      this.#context.calibrate(scan, { ...given(optics), signal: this.#signal }),
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
    const made = await this.#makers[analysis](calibration, optics);
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

  async #ssb(calibration: Calibration, optics: Optics): Promise<Analysis> {
    const known = { ...shownCalibration(calibration, {}).optics, ...given(optics) };
    if (known.voltage === undefined || known.semiconv === undefined || known.dpix === undefined)
      throw new Error(
        'Single side band ptychography takes the voltage, the semi-angle and the step of the scan, which this file ' +
          'does not state: write them into the fields below "Calibration".',
      );
    return this.#context.createSsbAnalysis(await this.#opened(), { calibration, ...given(optics) });
  }

  /** How each analysis is made; one that is added has a line here, or does not compile. */
  readonly #makers: Record<WholeAnalysis, (calibration: Calibration, optics: Optics) => Promise<Analysis>> = {
    ssb: (calibration, optics) => this.#ssb(calibration, optics),
    polar: async (calibration) => this.#context.createPolarAnalysis(await this.#opened(), { calibration }),
    bragg: async (calibration) => this.#context.createBraggAnalysis(await this.#opened(), withDisk(calibration)),
    strain: async (calibration) => this.#context.createStrainAnalysis(await this.#opened(), withDisk(calibration)),
  };

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
