/**
 * Faults planted for the laws of test/laws: one change each to a copy of dist/, and words of the law that the inputs of
 * `npm test` break. Those of test/laws/planted.mjs are faults of earlier versions, drawn by chance, and so are the first ten.
 */

import { planted } from '../laws/planted.mjs';

export const lawMutants = [
  [
    'a frame without counts has a shift of 0',
    'stem/builtin/com.ts',
    'rawShifts.fill(Number.NaN, 2 * i, 2 * i + 2);\n            continue;',
    'continue;',
    'phases do not know which centre',
  ],
  [
    'left-handed axes are merged as they are',
    'merging/run.ts',
    'const handed = rightHanded(collected.observations);',
    'const handed = { observations: collected.observations, remark: undefined };',
    'left-handed axes',
  ],
  [
    'crystals of other axes are merged',
    'merging/collection/contradictions.ts',
    "return 'otherAxes';",
    'return undefined;',
    'crystals that contradict themselves',
  ],
  [
    'reflections that nothing can measure are merged',
    'merging/collection/admission.ts',
    'if (!(q > 0 && q * wavelengthA <= 2)) {',
    'if (q < 0) {',
    'crystals that contradict themselves',
  ],
  [
    'the scale of two lists is a regression',
    'merging/statistics/scale.ts',
    'means[i] = (x / root + root * y) / 2;',
    'means[i] = root * y;\ndifferences[i] *= y;\nmeans[i] *= y;',
    'which list is first',
  ],
  [
    'numbers of measurements of MTZ files are lost',
    'merging/lists/mtz-reader.ts',
    "const column = countsOf(columns, mates ? (sign > 0 ? 'N(+)' : 'N(-)') : 'N', mates ? -1 : values);",
    'const column = -1;',
    'read again from mtz',
  ],
  [
    'Friedel mates of MTZ files are averaged',
    'merging/lists/mtz-reader.ts',
    'const mates = group.apart === group.symmetry ? undefined : found;',
    'const mates = undefined;',
    'read again from mtz',
  ],
  [
    'streams without counts per photon have one',
    'merging/collection/gain.ts',
    "const most = model === 'mean' ? gain : mostGain(observations);",
    'const most = gain;',
    'do not state their counts per photon',
  ],
  [
    'what merge of a function assigns is lost',
    'udf/execution/running-udf.ts',
    'const scope = { dest: written.proxy, src: { ...src }, params, meta };',
    'const scope = { dest: { ...dest }, src: { ...src }, params, meta };',
    'by frames, tiles and partitions',
  ],
  [
    'elements of aux data are undefined',
    'udf/functions/aux.ts',
    'const value = Reflect.get(array, name);',
    'const value = Reflect.get(target, name);',
    'by frames, tiles and partitions',
  ],
  [
    'halves are dealt in the order of the crystals',
    'merging/fit/halves.ts',
    'for (const hash of Uint32Array.from(framesWith.get(crystals) ?? []).sort()) {',
    'for (const hash of framesWith.get(crystals)) {',
    'does not know the order',
  ],
  [
    'shifts turn the other way',
    'stem/images/field.ts',
    'out[i] = c * y + s * x;',
    'out[i] = c * y - s * x;',
    'fields and phases of a scan in a mirror',
  ],
  [
    'coffset is subtracted',
    'crystal/geometry/parse.ts',
    'panel.offsetM = given.value;',
    'panel.offsetM = -given.value;',
    'a detector in other words',
  ],
  [
    'units of a geometry are not converted',
    'crystal/geometry/parse.ts',
    'return { value: value * (factorOfUnit(kind, taken) ?? 1) + 0 };',
    'return { value: value + 0 };',
    'a detector in other words',
  ],
  [
    'adu_per_eV is that of a photon',
    'crystal/geometry/geometry.ts',
    'unitsPerEv * photonEnergyOf(wavelengthA)',
    'unitsPerEv',
    'counts and counts per photon',
  ],
  [
    'bad regions of a geometry are left',
    'crystal/geometry/parse.ts',
    'const badRegions = [...this.#regions.values()].map(regionOf);',
    'const badRegions = [];',
    'changes no peak and no crystal',
  ],
  [
    'arrays in Fortran order are read as they are stored',
    'frames/formats/npy.ts',
    "order: inColumns ? 'fortran' : undefined,",
    'order: undefined,',
    'npy in Fortran order',
  ],
  [
    'EDF has the lowest byte first',
    'frames/formats/edf.ts',
    "little: !/high/i.test(values.get('BYTEORDER') ?? ''),",
    'little: true,',
    'a scan in edf',
  ],
  [
    'modules are looked for where the detector has them',
    'peaks/rings.ts',
    'const from = (ss + minSs) * width + minFs;',
    'const from = ss * width + minFs;',
    'modules of a detector',
  ],
  [
    'hits of reduce state an overload that the frames do not',
    'frames/hdf5/nxmx.ts',
    'saturation_value: saturation === undefined ? undefined : of(saturation),',
    'saturation_value: of(saturation ?? 400),',
    'the hits that reduce keeps',
  ],
  [
    'what a header calls signed has no sign',
    'ffi/header/specifiers.ts',
    "count('unsigned') > 0 ? 'unsigned' : count('signed') > 0 ? 'signed' : ''",
    "count('unsigned') > 0 ? 'unsigned' : count('signed') > 0 ? 'unsigned' : ''",
    'a header in other words',
  ],
  [
    'the scale of a transform is left out',
    'fft/kernels/wasm.ts',
    'this.#run(fftEnums.FftDirection[direction], from, to, fftEnums.FftScale[scale]);',
    'this.#run(fftEnums.FftDirection[direction], from, to, fftEnums.FftScale.none);',
    'a transform back of a transform',
  ],
  [
    'a transform goes the other way',
    'fft/kernels/wasm.ts',
    'this.#run(fftEnums.FftDirection[direction], from, to, fftEnums.FftScale[scale]);',
    'this.#run(fftEnums.FftDirection.backward, from, to, fftEnums.FftScale[scale]);',
    'a shift is a phase',
  ],
  [
    'one axis alone is transformed',
    'fft/parameters.ts',
    'of.axes.reduce((bits, axis) => bits | (1 << axis), 0)',
    'of.axes.reduce((_, axis) => 1 << axis, 0)',
    'axes are transformed one after the other',
  ],
  [
    'parts of a box begin where the world does',
    'heffte/reshape.ts',
    '(part.low[axis] - box.low[axis]) * box.strides[axis]',
    'part.low[axis] * box.strides[axis]',
    'the boxes of ranks',
  ],
].map(([name, file, find, replace, law]) => ({
  name: `laws: ${name}`,
  file: `src/${file}`,
  on: 'script',
  find,
  replace,
  ids: [`law:${law}`],
}));
for (const { fault, find, replace, law } of planted)
  if (law !== undefined)
    lawMutants.push({ name: `laws: ${fault}`, file: 'dist', on: 'script', find, replace, ids: [`law:${law}`] });
