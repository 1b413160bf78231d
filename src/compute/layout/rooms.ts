/** All rooms, in the order of the generated headers. */
import { coreConstants, coreEnums } from './core.js';
import { dataEnums } from './data.js';
import { fftConstants, fftDescriptor, fftEnums } from './fft.js';
import {
  fewParams,
  imageResult,
  indexedCell,
  indexerDescriptor,
  indexerParams,
  indexingEnums,
  stageCell,
  stagePick,
  stageSummary,
  stageVector,
} from './indexing.js';
import {
  baseVector,
  indexingCapacities,
  indexingRun,
  job,
  knownCell,
  lattice,
  sampledLength,
  tally,
} from './indexing-webgpu.js';
import { mergingConstants, mergingPass, partialities } from './merging.js';
import {
  finders,
  numbers,
  peak,
  peaksCapacities,
  peaksDescriptor,
  peaksPanel,
  peaksParams,
  peaksRing,
  peaksRun,
  peaksSummit,
  span,
  spansParams,
} from './peaks.js';
import { piParams } from './pi.js';
import { randomConstants } from './random.js';
import type { Struct } from './struct.js';
import {
  correctionDescriptor,
  disksCorrelations,
  disksDescriptor,
  disksRefinements,
  udfDescriptor,
  udfStep,
  udfStepKinds,
} from './udf.js';

/** The definitions of a room that are written into the headers. */
export interface RoomLayout {
  readonly name: string;
  readonly constants?: Readonly<Record<string, number>>;
  readonly enums?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly structs?: readonly Struct[];
  /** Constants used only by WebGPU. */
  readonly wgslConstants?: Readonly<Record<string, number>>;
  readonly wgslStructs?: readonly Struct[];
}

export const rooms: readonly RoomLayout[] = [
  { name: 'core', constants: coreConstants, enums: coreEnums },
  { name: 'random', constants: randomConstants },
  { name: 'pi', structs: [piParams] },
  {
    name: 'indexing',
    enums: indexingEnums,
    structs: [
      indexerDescriptor,
      indexerParams,
      indexedCell,
      imageResult,
      fewParams,
      stageSummary,
      stagePick,
      stageVector,
      stageCell,
    ],
    wgslConstants: indexingCapacities,
    wgslStructs: [indexingRun, baseVector, knownCell, job, tally, lattice, sampledLength],
  },
  { name: 'fft', constants: fftConstants, enums: fftEnums, structs: [fftDescriptor] },
  {
    name: 'peaks',
    enums: { Number: numbers, Finder: finders },
    structs: [peaksDescriptor, peaksPanel, peaksParams, peak, spansParams, span],
    wgslConstants: peaksCapacities,
    wgslStructs: [peaksRun, peaksRing, peaksSummit],
  },
  { name: 'merging', constants: mergingConstants, enums: { Partiality: partialities }, structs: [mergingPass] },
  { name: 'data', enums: dataEnums },
  {
    name: 'udf',
    enums: { UdfStepKind: udfStepKinds, DisksCorrelation: disksCorrelations, DisksRefine: disksRefinements },
    structs: [udfDescriptor, udfStep, disksDescriptor, correctionDescriptor],
  },
];
