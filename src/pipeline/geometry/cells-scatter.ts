/** Whether the crystals of a stream are of one crystal form: cells that adapt to a wrong detector differ from each other. */
import { type Cell, lengthsOf } from '../../crystal/cell.js';
import { counted } from '../../util/amounts.js';
import { median } from '../../util/median.js';

/**
 * Largest scatter of lengths, as a share: that of right streams is .001, with a detector that is off by a few pixels .004, and
 * with a distance or wavelength of electrons that is 3 to 5 % wrong .01 to .02.
 */
const maxScatter = 0.008;
/** Fewer crystals do not tell how much they differ. */
const fewestCrystals = 4;
/** A standard deviation in median deviations of a normal distribution. */
const ofMedian = 1.4826;

/** That lengths scatter, in words; undefined if they do not. */
export function scatterText(cells: readonly Cell[]): string | undefined {
  if (cells.length < fewestCrystals) return undefined;
  const lengths = cells.map(lengthsOf);
  const scatter = [0, 1, 2].map((axis) => {
    const own = lengths.map((all) => all[axis] as number);
    const middle = median(own);
    return ofMedian * median(own.map((x) => Math.abs(x / middle - 1)));
  });
  const worst = Math.max(...scatter);
  if (!(worst > maxScatter)) return undefined;
  return (
    `the lengths of ${counted(cells.length, 'crystal')} differ from each other by ${(100 * worst).toFixed(1)} %, which those ` +
    'of one crystal form do not: they have adapted to a distance, a beam centre or a wavelength that is wrong, or to ' +
    'another cell, and do not tell how the detector has moved'
  );
}
