/** The names of this room that the entry `ewald` exports; those of `ewald/data` are in public.ts. */
export { formatNpy, type NpyArray, readNpy } from './npy.js';
export { formatSpotList, readSpotList, type SpotList, type SpotListOptions, type SpotUnit } from './spot-list.js';
