/** Re-exports everything that is written into the headers; new code should import from the file of the room. */
import { coreConstants, coreEnums } from './core.js';
import { dataEnums } from './data.js';
import { fftEnums } from './fft.js';
import { indexingEnums } from './indexing.js';
import { numbers } from './peaks.js';
import { randomConstants } from './random.js';

export { fftDescriptor } from './fft.js';
export {
  imageResult,
  indexedCell,
  indexerDescriptor,
  indexerParams,
  stageCell,
  stagePick,
  stageSummary,
  stageVector,
} from './indexing.js';
export { piParams } from './pi.js';

export const enums = { Number: numbers, ...coreEnums, ...indexingEnums, ...fftEnums, ...dataEnums } as const;
export const constants = { ...coreConstants, ...randomConstants } as const;
