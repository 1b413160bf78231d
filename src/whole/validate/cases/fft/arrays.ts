/** Runs whose sides are device arrays. */
import { row } from './row.js';

/** The rows. */
export const arrayRows = [
  ...(['input', 'output', 'both', 'twice'] as const).map((arrays) =>
    row({ shape: [12, 20] }, 'one side or both on the device', { arrays }),
  ),
  row({ shape: [9, 14], kind: 'r2c' }, 'device arrays, real to complex', { arrays: 'both' }),
  row({ shape: [9, 14], kind: 'r2c' }, 'device arrays, back', { arrays: 'both', direction: 'backward', scale: 'full' }),
  row({ shape: [8, 9, 10], kind: 'c2r' }, 'device arrays of a plan that is run from its other side', {
    arrays: 'both',
  }),
  row({ shape: [33], kind: 'r2r', batch: 3 }, 'device arrays of real numbers', { arrays: 'both' }),
  row({ shape: [1009], precision: 'f64' }, 'device arrays in double precision', {
    arrays: 'twice',
    scale: 'symmetric',
  }),
  row({ shape: [6, 10], inputStrides: [20, 2], outputStrides: [1, 7] }, 'device arrays with gaps', { arrays: 'both' }),
  row({ shape: [12, 16], inPlace: true }, 'one device array in place', { arrays: 'both' }),
  row({ shape: [9, 15], inPlace: true, kind: 'r2c' }, 'one device array in place, padded', {
    arrays: 'both',
    direction: 'backward',
    scale: 'full',
  }),
];
