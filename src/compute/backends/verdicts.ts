/** Self-test results of devices, kept as long as the loader of a backend, so that a second context repeats no test. */
import { type Fault, type Mechanism, mechanisms } from './mechanisms.js';

/** Why a mechanism cannot be trusted on a device; undefined if it passed. */
export type Verdict = string | undefined;

/** The verdicts of a loader, by device. */
export class Verdicts {
  readonly #devices = new Map<string, Map<Mechanism, Promise<Verdict>>>();

  /** The faults among these mechanisms; mechanisms without a verdict are tested, all at once. */
  async faults(
    device: string,
    wanted: readonly Mechanism[],
    test: (mechanism: Mechanism) => Promise<Verdict>,
  ): Promise<Fault[]> {
    const known = this.#devices.get(device) ?? new Map<Mechanism, Promise<Verdict>>();
    this.#devices.set(device, known);
    const verdicts = wanted.map((mechanism) => {
      const verdict = known.get(mechanism) ?? test(mechanism);
      known.set(mechanism, verdict);
      // A mechanism that could not be tested, because the device was lost, is tested again next time.
      verdict.catch(() => known.delete(mechanism));
      return verdict;
    });
    const reasons = await Promise.all(verdicts);
    return wanted.flatMap((mechanism, i) =>
      reasons[i] === undefined ? [] : [{ mechanism, reason: `${mechanisms[mechanism]}: ${reasons[i]}` }],
    );
  }

  /** Whether each of these mechanisms has a verdict. */
  has(device: string, wanted: readonly Mechanism[]): boolean {
    const known = this.#devices.get(device);
    return known !== undefined && wanted.every((mechanism) => known.has(mechanism));
  }
}
