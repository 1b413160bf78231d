/** The structures of peaks. */
import { type Range, range } from '../../util/range.js';
import { f32, i32, type Struct, u32 } from './struct.js';

/** Types of a detector's numbers. */
export const numbers = { u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6 } as const;

/** The peak finders. */
export const finders = { peakfinder8: 0, zaef: 1, dispersion: 2, 'dispersion-extended': 3 } as const;

/** The largest frame that is searched: pixels along a side, and in all; cpp/peaks/entry.cpp has the same. */
export const largestFrame = { side: 2 ** 16, pixels: 2 ** 28 } as const;

/** Bin of pixels that are excluded from the search. */
export const maskedBin = 0xffff;

/** The sizes that determine the memory of a peak finder. */
export const peaksDescriptor: Struct = {
  name: 'PeaksDescriptor',
  doc: 'Sizes of a peak finder: everything it allocates follows from these.',
  fields: [
    u32('width', 'pixels of a frame along fast scan'),
    u32('height', 'pixels of a frame along slow scan'),
    u32('panels', 'rectangles of the frame that are searched'),
    u32('dtype', 'a Number'),
    u32('finder', 'a Finder'),
    u32('sumsOnly', '1: the bins are summed and nothing is searched'),
    u32('reserved1', 'zero'),
    u32('reserved2', 'zero'),
  ],
};

/** A rectangle of the frame, half open. */
export const peaksPanel: Struct = {
  name: 'PeaksPanel',
  doc: 'A rectangle of the frame, half open.',
  fields: [
    u32('fs', 'first pixel'),
    u32('ss', 'first row'),
    u32('endFs', 'after the last'),
    u32('endSs', 'after the last'),
  ],
};

/** The ranges of the descriptor's fields and of the parameters. */
export const peaksRanges = {
  threshold: range(-1e30, 1e30, 800),
  minSnr: range(0, 1e6, 5),
  minPixCount: range(1, 2 ** 31, 2),
  maxPixCount: range(1, 2 ** 31, 200),
  localBgRadius: range(1, 1024, 3),
  minSquaredGradient: range(0, 1e30, 100_000),
  gain: range(1e-6, 1e6, 1),
  kernelSize: range(1, 64, 3),
  sigmaBackground: range(0, 1e6, 6),
  sigmaStrong: range(0, 1e6, 3),
  minCount: range(1, 129 ** 2, 2),
} as const satisfies Record<string, Range>;

/** Radii of zaef in pixels: that of a peak, and the two that enclose its background. */
export const peakRadii = { low: 1, high: 64, fallback: [4, 5, 7] } as const;

/** Defaults of the dispersion finders; the ranges contain those of peakfinder8. */
export const dispersionDefaults = { threshold: 0, minPixCount: 3, maxPixCount: 1000 } as const;

/** Parameters of a run; the names are CrystFEL's. */
export const peaksParams: Struct = {
  name: 'PeaksParams',
  doc: 'One search.',
  fields: [
    f32('threshold', 'values at or below never belong to a peak'),
    f32('minSnr', 'sigmas above the radial mean of a pixel, and of a peak above its surroundings'),
    u32('minPixCount', 'pixels of a peak, at least'),
    u32('maxPixCount', 'pixels of a peak, at most'),
    u32('localBgRadius', 'surroundings reach twice as far from a peak, in pixels'),
    i32('leastInteger', 'smaller values are bad pixels; of integer frames'),
    u32('greatestInteger', 'greater values are bad pixels; of integer frames'),
    f32('leastReal', 'the same for real frames'),
    f32('greatestReal', 'the same for real frames'),
    u32('plain', '1: five passes over the frame in place of one; the same, slower'),
    f32('minSquaredGradient', 'zaef: square of the gradient of a foot point, at least'),
    f32('innerRadius', 'zaef: pixels of a peak lie within, in pixels'),
    f32('middleRadius', 'zaef: its background lies beyond'),
    f32('outerRadius', 'zaef: and within this'),
    f32('gain', 'dispersion: units of the frame a count'),
    u32('kernelSize', 'dispersion: its window reaches as far to each side, in pixels'),
    f32('sigmaBackground', 'dispersion: variance over mean of a window is above what counting makes by as many sigmas'),
    f32('sigmaStrong', 'dispersion: a pixel is above the mean of its window by as many sigmas'),
    u32('minCount', 'dispersion: good pixels of a window, at least'),
    u32('reserved0', 'zero'),
  ],
};

/** Sums over stretches of rows of a frame. */
export const spansParams: Struct = {
  name: 'SpansParams',
  doc: 'Sums over stretches of rows of a frame of integers.',
  fields: [
    u32('width', 'pixels of a frame along fast scan'),
    u32('height', 'pixels of a frame along slow scan'),
    u32('dtype', 'a Number, not f32'),
    u32('spans', 'stretches'),
    u32('regions', 'regions that consist of them'),
    u32('reserved0', 'zero'),
    u32('reserved1', 'zero'),
    u32('reserved2', 'zero'),
  ],
};

/** A stretch of a row. */
export const span: Struct = {
  name: 'Span',
  doc: 'A stretch of a row of a frame.',
  fields: [
    u32('region', 'number of its region'),
    u32('ss', 'its row'),
    u32('fs', 'its first pixel'),
    u32('count', 'its pixels'),
  ],
};

/** A peak. */
export const peak: Struct = {
  name: 'Peak',
  doc: 'A peak: pixels count from the corner of the frame, so that the centre of the first one is at 0.5.',
  fields: [
    f32('fs', 'centroid along fast scan'),
    f32('ss', 'centroid along slow scan'),
    f32('intensity', 'sum above the surroundings'),
    f32('maximum', 'highest pixel above the surroundings'),
    f32('snr', 'intensity over the standard deviation of the surroundings'),
    u32('pixels', 'pixels of it'),
    u32('panel', 'number of its panel'),
    f32('background', 'mean of its surroundings'),
  ],
};

/** Capacities of the kernels. */
export const peaksCapacities = {
  /** Maximum number of pixels of a blob on a GPU, which are in the memory of its workgroup or block. */
  maxBlob: 1024,
  /** Pixels of a ring that are bad in one frame only and listed with its sums. */
  maxLost: 1024,
} as const;

/** One search on WebGPU. */
export const peaksRun: Struct = {
  name: 'PeaksRun',
  doc: 'One search, with what follows from the frame. Keys are integers that are ordered like the values of pixels.',
  fields: [
    { name: 'params', type: peaksParams, doc: 'parameters of the search' },
    u32('width', 'pixels of a frame along fast scan'),
    u32('marked', '1: pixels that are bad in this frame are given'),
    i32('leastKey', 'smaller values are bad pixels'),
    i32('greatestKey', 'greater values are bad pixels'),
    u32('dtype', 'a Number: the same for all runs of a plan, but no constant, so that kernels are compiled once'),
    u32('height', 'pixels of a frame along slow scan'),
    u32(
      'innerSquare',
      "zaef: offsets of whole pixels lie within a radius where their square is at most this, its square's whole part",
    ),
    u32('middleSquare', 'zaef: the same of where the background begins'),
    u32('outerSquare', 'zaef: the same of where it ends'),
    u32('stage', 'dispersion: 0 asks what varies, 1 what lies within that, 2 what stands out from the rest'),
    u32('extended', 'dispersion: 1 where the last two stages follow'),
    u32('pad0', 'zero'),
  ],
};

/** A peak of zaef on WebGPU, before it is compared with others. */
export const peaksSummit: Struct = {
  name: 'PeaksSummit',
  doc: 'A peak of zaef before it is held against others: its centroid with the digits that this takes.',
  fields: [
    { name: 'peak', type: peak, doc: 'its figures; the panel is still the pixel of the summit' },
    u32('foot', 'the first foot that leads to it'),
    u32('xLow', 'float64 of the centroid from the summit along fast scan, low word'),
    u32('xHigh', 'high word'),
    u32('yLow', 'the same along slow scan'),
    u32('yHigh', 'high word'),
    u32('pad0', 'zero'),
    u32('pad1', 'zero'),
    u32('pad2', 'zero'),
  ],
};

/** A ring on WebGPU. */
export const peaksRing: Struct = {
  name: 'PeaksRing',
  doc: 'Limits of a ring after the last clip, and what they are as keys.',
  fields: [
    f32('mean', 'of the pixels between the limits'),
    f32('sigma', 'their standard deviation'),
    f32('lower', 'lower limit'),
    f32('upper', 'upper limit'),
    i32('above', 'first key above the upper limit'),
    i32('below', 'last key below the upper limit'),
    u32('has', '1: there are keys above, 2: there are keys below'),
    u32('pad0', 'zero'),
  ],
};
