/** Frames whose header states another distance or wavelength by far than those of nearly all others, as a slip does. */

import type { Beam } from '../../crystal/geometry/geometry.js';
import { counted, sixDigits } from '../../util/amounts.js';
import type { FrameOrigin } from '../streams/chunk.js';
import { stretchText } from './stretch-text.js';

/** Values that are alike are within this ratio, more than a shot's energy or a detector in motion differs. */
const alike = 1.2;
/** Fewest frames that tell what is usual, and greatest share of frames that are odd. */
const [fewest, mostOdd] = [5, 0.1];
/** Share of odd frames from which on results are doubtful. */
const many = 0.005;

/** Frames of one value. */
interface Alike {
  readonly value: number;
  readonly first: FrameOrigin;
  count: number;
}

/** The values of one quantity. */
class Values {
  readonly #found: Alike[] = [];
  #frames = 0;

  add(origin: FrameOrigin, value: number): void {
    this.#frames++;
    const known = this.#found.find((one) => one.value <= alike * value && value <= alike * one.value);
    if (known) known.count++;
    // A value for each frame is no slip.
    else if (this.#found.length < 64) this.#found.push({ value, first: origin, count: 1 });
  }

  /** The remark on odd values, in a unit of which `per` are in the unit of the beam. */
  remark(name: string, unit: string, per: number): { readonly text: string; readonly isDoubtful: boolean } | undefined {
    const [usual, ...odd] = [...this.#found].sort((a, b) => b.count - a.count);
    const frames = odd.reduce((sum, { count }) => sum + count, 0);
    if (!usual || frames === 0 || this.#frames < fewest || frames > mostOdd * this.#frames) return undefined;
    const of = ({ value }: Alike): string => `${sixDigits(per * value)} ${unit}`;
    const [first] = odd as [Alike];
    const text =
      `the ${name} of ${counted(frames, 'frame')} is another one, first ${of(first)} in ${stretchText(first.first, first.first)}; ` +
      `that of ${usual.count} is ${of(usual)}: their headers are wrong, or they are of another experiment; their peaks ` +
      'are at wrong angles';
    return { text, isDoubtful: frames >= many * this.#frames };
  }
}

/** Collects the beams of frames. */
export class OddBeams {
  readonly #distances = new Values();
  readonly #wavelengths = new Values();

  add(origin: FrameOrigin, { distanceM, wavelengthA }: Pick<Beam, 'distanceM' | 'wavelengthA'>): void {
    this.#distances.add(origin, distanceM);
    this.#wavelengths.add(origin, wavelengthA);
  }

  /** Remarks on frames that differ; empty without any. */
  remarks(): { readonly text: string; readonly isDoubtful: boolean }[] {
    return [this.#distances.remark('distance', 'mm', 1000), this.#wavelengths.remark('wavelength', 'Å', 1)].flatMap(
      (one) => one ?? [],
    );
  }
}
