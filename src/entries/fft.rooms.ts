/** What `ewald/fft` is on every platform. */
import { type ArrayMethods, arrayRoom } from '../arrays/room.js';
import { type FftMethods, fftRoom } from '../fft/room.js';

/** What its contexts can do. */
export type EntryMethods = FftMethods & ArrayMethods;
export const entryRooms = [fftRoom, arrayRoom];
