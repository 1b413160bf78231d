/**
 * Constants of the search with few spots that change answers and are not parameters. `generate.ts` writes
 * cpp/include/generated/few.h; cpp/indexing/README.md, "Few spots", says what they are for.
 */
import { fewLimits } from './indexing.js';

/** An integer, a real number if `real` is set, or a list of them. */
interface FewConstant {
  readonly value: number | readonly number[];
  readonly doc: string;
  readonly real?: true;
}
const integer = (value: number, doc: string): FewConstant => ({ value, doc });
const real = (value: number | readonly number[], doc: string): FewConstant => ({ value, doc, real: true });

export const fewConstants: Readonly<Record<string, FewConstant>> = {
  maxSpots: integer(fewLimits.spots, 'spots that take part'),
  leastSpots: integer(
    fewLimits.leastSpots,
    'spots without which there is no lattice, in an image and in an orientation',
  ),
  maxNodes: real(
    fewLimits.nodes,
    'nodes of a cell that are listed at most, but for the spare ones; spots beyond are no seeds',
  ),
  farthestIndex: real(
    30000,
    'indices have 16 bits, and an edge of a small cell reaches no farther at the farthest spot',
  ),
  nodeReach: real(1.03, 'nodes are needed this much farther than the longest spot'),
  spareReach: real(1.2, 'and listed this much farther again, for longer spots of later images'),
  groupTolerance: real(
    6e-4,
    'relative difference of squared lengths up to which a rotation keeps the lattice: a known cell is exact',
  ),
  leastScatter: real(2e-5, '1/angstrom; scatter in all directions, of what the model neglects'),
  lengthErrors: real(3.3, 'standard deviations of a length within which a node is a candidate'),
  angleErrors: real(3.3, 'standard deviations of an angle within which two are a seed'),
  leastSine: real(0.12, 'sine of the angle between two spots from which they give an orientation'),
  gate: real(14, 'chi squared, of three components, within which a spot belongs to a node during a fit'),
  fitRounds: integer(5, 'steps of a fit at most'),
  largestStep: real(0.2, 'radian; a step of more follows no spots'),
  lnWithin: real(14, 'ln of the odds by which an orientation is worse that is forgotten'),
  mostSeeds: integer(2000, 'seeds of an image, a cell and a lattice at most'),
  enoughSeeds: integer(150, 'seeds that are enough once an orientation is sure'),
  sureLnOdds: real(15, 'ln of the odds from which it is'),
  spurious: real([0.03, 0.1, 0.25, 0.5, 0.75], 'shares of spurious spots, over which the likelihood is averaged'),
  powder: real(
    0.5,
    'the part of "no lattice" that is a powder of the same cell, so that lengths alone are no evidence',
  ),
  sameAxis: real(0.02, 'squared relative difference of axes up to which two orientations are one'),
  decided: real(0.95, 'part of the odds with which labels, or a hand, are decided'),
  leastRival: real(0.01, 'part of the odds that a rival has at least'),
  flatWavelength: real(0.1, 'angstrom; below it are electrons, whose labels are the same up to an inversion'),
};
