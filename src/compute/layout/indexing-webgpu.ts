/**
 * Definitions shared by the kernels of wgsl/indexing and their host: structures used only by WebGPU, and the capacities
 * of its workgroups. Corresponds to cpp/indexing/plan.h; see wgsl/indexing/plan.wgsl.
 */
import { indexerParams } from './indexing.js';
import { effortConstants } from './search.js';
import { type Field, type FieldType, f32, type Struct, u32 } from './struct.js';

const of = (type: FieldType, name: string, doc: string, count?: number): Field => ({
  name,
  type,
  doc,
  ...(count ? { count } : {}),
});
const vec3 = (name: string, doc: string): Field => of('vec3f', name, doc);

/** Capacities of workgroup memory. */
export const indexingCapacities = {
  /** Number of lattices of an image that are judged at a time. */
  maxJudged: effortConstants.maxEffortJudged.value,
  /** Number of angles of the fast rotation search whose counts fit into a workgroup. */
  maxSteps: 5120,
  /** Maximum number of hits of the fast rotation search with equal counts that are compared by closeness. */
  maxScored: 512,
  /** Maximum number of cells of the exhaustive search with equal counts whose mean distance is computed. */
  maxListed: 1024,
  /** Maximum number of spots of an image for which a histogram of counts fits: exhaustive search. */
  maxHistogramSpots: 2047,
} as const;

/** One chunk of a run. */
export const indexingRun: Struct = {
  name: 'Run',
  doc: 'One chunk of a run. Places are in elements of the array they point into.',
  fields: [
    of(indexerParams, 'params', 'parameters of the run'),
    u32('images', 'of the chunk'),
    u32('cellCount', 'known cells'),
    u32('maxSpots', 'spots of an image'),
    u32('outputs', 'cells returned an image'),
    u32('candidateVectors', "0: the method's own"),
    u32('spiralPoints', 'directions in the tables'),
    u32('angleCapacity', 'angles of a turn at most'),
    u32('anglePoints', 'exhaustive: angles of this run'),
    u32('samplePoints', 'exhaustive: directions of this run'),
    u32('lengthCount', 'exhaustive: vectors of known cells that are sampled'),
    u32('firstEffort', 'fast: where the efforts of the method begin'),
    u32('vectors', 'room for candidate vectors, an image'),
    u32('countWords', 'room for counts over directions, an image, in words of four or two counts'),
    u32('hitWords', 'room for hits, an image'),
    u32('lattices', 'room for lattices, an image'),
    u32('pool', 'lattices of a search'),
    u32('nodeSlots', 'of one hash of occupied nodes'),
    u32('turns', 'place of the angles of a turn in the tables'),
    u32('angles', 'place of the angles of the exhaustive method'),
    u32('exhaustive', '1: the exhaustive method'),
    u32('glances', '1: a search may end at a glance'),
    u32('efforts', 'fast: efforts of a search at most; 0 takes all of the method'),
    u32('pad1', 'zero'),
    u32('pad2', 'zero'),
  ],
};

export const baseVector: Struct = {
  name: 'BaseVector',
  doc: 'One vector of a known cell as the one whose direction is sampled; see cpp/indexing/known_cell.h.',
  fields: [
    f32('length', 'angstrom'),
    f32('otherLength', 'longest of the other two'),
    f32('aU', 'the other two in its frame (u, x, y): a = (aU, aX, 0)'),
    f32('aX', 'angstrom'),
    f32('bU', 'b = (bU, bX, bY)'),
    f32('bX', 'angstrom'),
    f32('bY', 'angstrom'),
    u32('row', 'which of a, b, c'),
    u32('fold', "order of the lattice's rotation axis along it"),
    u32('flip', '1: a two-fold axis of the lattice stands across it, so its two senses are one'),
    u32('pad0', 'zero'),
    u32('pad1', 'zero'),
  ],
};

export const knownCell: Struct = {
  name: 'KnownCell',
  doc: 'A known cell with what follows from it.',
  fields: [
    of('vec4f', 'row', 'a, b, c', 3),
    f32('volume', 'cubic angstrom'),
    f32('acceptance', 'radius in which a spot counts as indexed, 1/angstrom'),
    f32('shortest', 'length of the shortest vector'),
    f32('pad0', 'zero'),
    of(baseVector, 'base', 'shortest first', 3),
  ],
};

export const job: Struct = {
  name: 'Job',
  doc: 'What the next round does with an image, written between rounds only.',
  fields: [
    u32('going', '0: finished'),
    u32('n', 'spots of the list that is searched'),
    u32('effort', 'which one'),
    u32('input', 'known cell whose turn it is'),
    u32('pool', '0: the first search, 1: a later one'),
    u32('flat', 'the Ewald sphere is flat at the resolution of the spots'),
    u32('used', 'spots of the image'),
    u32('flags', 'ImageFlag bits'),
    vec3('beam', 'direction the spots are thinnest along'),
    u32('accepted', 'lattices'),
    u32('slivers', 'of accepted lattices, in a row'),
    u32('listed', 'of the images still going, in order, the one with the number of this slot; NOWHERE: no more'),
    u32('glance', 'whether the round searches the best candidates alone, or has the candidates of such a round'),
    u32('pad0', 'zero'),
  ],
};

export const tally: Struct = {
  name: 'Tally',
  doc: 'What the kernels of a round tell each other about an image.',
  fields: [
    u32('points', 'directions'),
    u32('picked', 'directions that become candidates'),
    u32('kept', 'candidate vectors'),
    u32('stride', 'angles of the rotation search: entries of the table between them'),
    u32('steps', 'how many'),
    u32('fresh', 'cells to be refined'),
    { ...u32('judging', 'places in the pool of the lattices that are to be judged; NOWHERE: none'), count: 4 },
    { ...u32('held', 'lattices in each pool'), count: 2 },
  ],
};

export const lattice: Struct = {
  name: 'Lattice',
  doc: 'A cell in the image, with its standing.',
  fields: [
    vec3('a', 'angstrom'),
    f32('merit', 'sum over spots of 1 - e^2 / r^2 within the acceptance radius r'),
    vec3('b', 'angstrom'),
    f32('score', 'what the caller sees: merit, or the score of the exhaustive method'),
    vec3('c', 'angstrom'),
    f32('log10Chance', 'valid when judged'),
    u32('input', 'known cell'),
    u32('marks', 'JUDGED, STRAINED, SCALED'),
    u32('count', 'fast: spots near its nodes when the search found it'),
    u32('pad0', 'zero'),
  ],
};

export const sampledLength: Struct = {
  name: 'Length',
  doc: 'A vector of a known cell that the exhaustive method samples.',
  fields: [
    f32('length', 'angstrom'),
    u32('input', 'known cell'),
    u32('base', 'which of its vectors, shortest first'),
    u32('group', 'lengths of one group share their samples'),
  ],
};
