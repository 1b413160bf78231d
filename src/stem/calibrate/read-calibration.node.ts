/** A calibration from its file. */

import { readText } from '../../frames/files/read.js';
import { EwaldError } from '../../util/errors.js';
import { type Calibration, checkCalibration } from './calibration.js';

/** Reads what `ewald calibrate` wrote. Throws `File`, and `Format` for other files. */
export async function readCalibration(file: string): Promise<Calibration> {
  const text = await readText(file);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new EwaldError('Format', `${file} is no JSON; expected what ewald calibrate SCAN -o ${file} writes`);
  }
  return checkCalibration(file, given);
}
