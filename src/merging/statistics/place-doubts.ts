/** Doubts about places on the detector whose intensities are not those of the other places. */

import { counted } from '../../util/amounts.js';
import { isFarOff, type PlaceScale, type RelativeScale } from '../fit/place-scales.js';

/** Greatest number of places that are named. */
const mostNamed = 4;
/** Strong reflections are weaker by more than this than all of a place where its counts have a ceiling. */
const ceiling = 0.85;

const isClipped = ({ all, strong }: PlaceScale): boolean =>
  isFarOff(strong) && strong.scale < ceiling * (isFarOff(all) ? Math.min(all.scale, 1) : 1);

const ratio = ({ scale, error }: RelativeScale): string => `${scale.toFixed(2)} ± ${error.toFixed(2)}`;

/** A remark on the panels, or squares of large ones, whose intensities are far off the others; undefined without any. */
export function placesDoubt(places: readonly PlaceScale[]): string | undefined {
  const off = places.filter((place) => isFarOff(place.all) || isClipped(place));
  const whole = new Set(off.filter(({ part }) => part === '').map(({ panel }) => panel));
  const found = off.filter(({ panel, part }) => part === '' || !whole.has(panel));
  if (found.length === 0) return undefined;
  const named = found.slice(0, mostNamed).map((placeScale) => {
    const { panel, part, all, strong } = placeScale;
    const name = part === '' ? panel : `${panel} (${part})`;
    const ofStrong = isClipped(placeScale)
      ? `, and ${ratio(strong)} of its strong ones, as counts that have a ceiling`
      : '';
    return `${name}: ${ratio(all)} of ${counted(all.observations, 'reflection')}${ofStrong}`;
  });
  return (
    `The intensities of ${counted(found.length, 'part')} of the detector are not those of the others at their resolution: ` +
    `${named.join('; ')}${found.length > mostNamed ? '; …' : ''}. A module of another gain, one that is clipped, shaded or ` +
    'misplaced, or another polarisation does so: correct or mask it, and index again.'
  );
}
