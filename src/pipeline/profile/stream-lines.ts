/** The lines of a chunk that tell of the background of its frame; readers of streams pass over them. */
import { type RadialProfile, rangeText } from './radial-profile.js';

/** Prefixes of the lines: mean intensity of the background, the strongest ring of ice, spots in ten shells. */
export const backgroundMark = 'ewald/background = ';
const [iceMark, shellsMark] = ['ewald/ice = ', 'ewald/spots_by_shell = '];
const unknown = 'not measured';

/** The lines of a profile; the range of the background is that which was measured. */
export const profileLines = ({ background, backgroundRange, ice, spotsByShell }: RadialProfile): string[] => {
  const value = background !== undefined && backgroundRange && Number(background.toPrecision(5));
  return [
    `${backgroundMark}${backgroundRange ? `${value} at ${rangeText(backgroundRange, '-')} A` : unknown}`,
    `${iceMark}${ice ? `${ice.score.toFixed(3)} +- ${Number(ice.error.toPrecision(2))} at ${ice.d} A` : unknown}`,
    `${shellsMark}${spotsByShell.join(' ')}`,
  ];
};
