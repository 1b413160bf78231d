/** The rooms of `ewald/fft` on every platform. */
import { type ArrayMethods, arrayRoom } from '../compute/arrays/room.js';
import { type FftMethods, fftRoom } from '../fft/room.js';

/** Methods of its contexts. */
export type EntryMethods = FftMethods & ArrayMethods;
export const entryRooms = [fftRoom, arrayRoom];
