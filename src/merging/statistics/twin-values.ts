/** What Wilson's law gives in twin tests: of untwinned crystals, and of perfect twins. Padilla & Yeates 2003. */

/** A value of untwinned crystals and that of perfect twins. */
type OfTwins = readonly [untwinned: number, perfect: number];

/** Values without errors. */
export interface TwinValues {
  readonly meanAbs: OfTwins;
  readonly meanSquare: OfTwins;
  readonly secondMoment: OfTwins;
}

const acentric: TwinValues = { meanAbs: [0.5, 0.375], meanSquare: [1 / 3, 0.2], secondMoment: [2, 1.5] };
const centric: TwinValues = { meanAbs: [2 / Math.PI, 0.5], meanSquare: [0.5, 1 / 3], secondMoment: [3, 2] };

/** Those of acentric reflections, or of centric ones. */
export const twinValues = (isCentric: boolean): TwinValues => (isCentric ? centric : acentric);

/** `.333`, without a zero before the point. */
export const shortOf = (x: number, places: number): string => {
  const text = x.toFixed(places).replace(/^0/, '');
  return text.replace(/\.?0+$/, '');
};
