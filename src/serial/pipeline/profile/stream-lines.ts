/** The lines of a chunk that tell of the background of its frame; readers of streams pass over them. */
import type { RadialProfile } from './radial-profile.js';

/** Prefixes of the lines: mean intensity of the background, the strongest ring of ice, spots in ten shells. */
export const backgroundMark = 'ewald/background = ';
const [iceMark, shellsMark] = ['ewald/ice = ', 'ewald/spots_by_shell = '];

/** The lines of a profile; what it cannot tell has none. */
export const profileLines = ({ background, ice, spotsByShell }: RadialProfile): string[] => [
  ...(background === undefined ? [] : [`${backgroundMark}${Number(background.toPrecision(5))} at 5-3 A`]),
  ...(ice === undefined
    ? []
    : [`${iceMark}${ice.score.toFixed(3)} +- ${Number(ice.error.toPrecision(2))} at ${ice.d} A`]),
  `${shellsMark}${spotsByShell.join(' ')}`,
];
