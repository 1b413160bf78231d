/** Options of few spots of small cells. */
import { fewRanges } from '../../compute/layout/indexing.js';
import { grouped, type Parameters } from '../../options/parameters.js';

/** The beam of few spots and the crystals in it: how far spots are from their nodes, as standard deviations. */
export const fewRows = /* @__PURE__ */ grouped('cells and indexing', {
  wavelengthA: {
    kind: 'number',
    sentence: 'few spots: the wavelength',
    more: 'Below 0.1 Å the beam is of electrons.',
    range: fewRanges.wavelengthA,
    defaultText: 'that of the sphere on which the spots lie; of frames, that of the beam',
    unit: 'angstrom',
    flag: 'wavelength',
    value: 'angstrom',
    of: ['spot lists'],
  },
  spotError: {
    kind: 'number',
    sentence: 'few spots: error of a spot, near the beam and across it',
    more: 'Too large costs little, too small loses images.',
    range: fewRanges.spotError,
    defaultText: '0.4 pixels; of lists 0.000375 rad of X-rays and 0.00077 1/Å of electrons',
    unit: '1/angstrom',
    value: '1/angstrom',
    of: ['indexing'],
  },
  bandwidth: {
    kind: 'number',
    sentence: 'few spots: relative bandwidth (standard deviation)',
    range: fewRanges.bandwidth,
    defaultText: "that of the geometry, or 0.001; electrons' 0.00001",
    of: ['indexing'],
  },
  mosaicityRad: {
    kind: 'number',
    sentence: 'few spots: how far parts of a crystal are turned',
    range: fewRanges.mosaicityRad,
    defaultText: '0.0015 rad (0.086°); of bandwidths above 0.003 0.0008 rad (0.046°), of electrons 0.002 rad (0.115°)',
    unit: 'radians',
    inFlag: { unit: 'degrees', size: Math.PI / 180 },
    flag: 'mosaicity',
    value: 'degrees',
    of: ['indexing'],
  },
  thicknessA: {
    kind: 'number',
    sentence: 'few spots: thickness of the crystals, whose inverse is the length of a node along the beam',
    range: fewRanges.thicknessA,
    defaultText: '3300; of electrons 330',
    unit: 'angstrom',
    flag: 'thickness',
    value: 'angstrom',
    of: ['indexing'],
  },
} as const satisfies Parameters);

/** The table of this part by the name of its type, for declarations. */
export const tables = { FewSpotParameters: fewRows } as const;
