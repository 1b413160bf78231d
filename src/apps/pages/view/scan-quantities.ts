/** What a page can show of a scan: names, units, first colours, and where the numbers come from. */
import type { ColourMapName } from './colour-maps.js';
import type { ScaleName } from './shaders.js';

/** Units of a scan that are known; anything else is in pixels and positions. */
export interface ScanUnits {
  /** Distance between two positions, nm. */
  readonly stepNm?: number | undefined;
  /** Size of a detector pixel, mrad. */
  readonly milliradians?: number | undefined;
  /** Wavelength of the electrons, nm. */
  readonly wavelengthNm?: number | undefined;
}

interface Quantity {
  readonly title: string;
  readonly colours: ColourMapName;
  /** The analysis of `ewald run`, and its result. */
  readonly analysis: 'detector' | 'com' | 'icom' | 'ssb' | 'strain' | 'bragg' | 'polar';
  readonly channel: string;
  /** The first scale of its colours; linear if it is absent. */
  readonly scale?: ScaleName | undefined;
  /** Unit of the numbers that are shown, and by how much they exceed those of the analysis. */
  unit(known: ScanUnits): readonly [unit: string, factor: number];
}

const shifts = ({ milliradians }: ScanUnits): readonly [string, number] =>
  milliradians === undefined ? ['px', 1] : ['mrad', milliradians];
const slopes = (known: ScanUnits): readonly [string, number] => {
  const [unit, factor] = shifts(known);
  return known.stepNm === undefined ? [`${unit} / position`, factor] : [`${unit} / nm`, factor / known.stepNm];
};
/** The gradient of a phase is 2π / λ times the deflection. */
const integrals = (known: ScanUnits): readonly [string, number] => {
  const { milliradians, stepNm, wavelengthNm } = known;
  if (milliradians === undefined || stepNm === undefined || wavelengthNm === undefined) return ['px · positions', 1];
  return ['rad', (2e-3 * Math.PI * milliradians * stepNm) / wavelengthNm];
};
const percent = (): readonly [string, number] => ['%', 100];

export const quantities = {
  sum: {
    title: 'Virtual image',
    colours: 'inferno',
    analysis: 'detector',
    channel: 'intensity',
    unit: () => ['counts', 1],
  },
  field: { title: 'Centre of mass, direction', colours: 'inferno', analysis: 'com', channel: 'field', unit: shifts },
  magnitude: {
    title: 'Centre of mass, shift',
    colours: 'inferno',
    analysis: 'com',
    channel: 'magnitude',
    unit: shifts,
  },
  divergence: {
    title: 'Divergence of the shifts',
    colours: 'blue-red',
    analysis: 'com',
    channel: 'divergence',
    unit: slopes,
  },
  curl: { title: 'Curl of the shifts', colours: 'blue-red', analysis: 'com', channel: 'curl', unit: slopes },
  icom: {
    title: 'Integrated centre of mass',
    colours: 'inferno',
    analysis: 'icom',
    channel: 'phase',
    unit: integrals,
  },
  phase: {
    title: 'Phase, single side band',
    colours: 'inferno',
    analysis: 'ssb',
    channel: 'phase',
    unit: () => ['rad', 1],
  },
  amplitude: {
    title: 'Amplitude, single side band',
    colours: 'inferno',
    analysis: 'ssb',
    channel: 'amplitude',
    unit: () => ['', 1],
  },
  exx: { title: 'Strain along x', colours: 'blue-red', analysis: 'strain', channel: 'exx', unit: percent },
  eyy: { title: 'Strain along y', colours: 'blue-red', analysis: 'strain', channel: 'eyy', unit: percent },
  exy: { title: 'Shear strain', colours: 'blue-red', analysis: 'strain', channel: 'exy', unit: percent },
  theta: {
    title: 'Rotation of the lattice',
    colours: 'blue-red',
    analysis: 'strain',
    channel: 'theta',
    unit: () => ['°', 180 / Math.PI],
  },
  bragg: {
    title: 'Bragg vector map',
    colours: 'inferno',
    analysis: 'bragg',
    channel: 'map',
    scale: 'log',
    unit: () => ['', 1],
  },
  polar: {
    title: 'Polar transform of the mean pattern',
    colours: 'inferno',
    analysis: 'polar',
    channel: 'polar',
    scale: 'log',
    unit: () => ['counts', 1],
  },
} as const satisfies Readonly<Record<string, Quantity>>;

/** A result that a pane can show. */
export type ScanQuantity = keyof typeof quantities;
/** The results in the order in which the page offers them. */
export const quantityNames = Object.keys(quantities) as ScanQuantity[];
export const isQuantity = (name: unknown): name is ScanQuantity => quantityNames.includes(name as ScanQuantity);

/** Results that follow the virtual detector; the others are computed once from whole frames and the calibration. */
export type LiveQuantity = 'sum' | 'field' | 'magnitude' | 'divergence' | 'curl' | 'icom';
export const isLive = (name: ScanQuantity): name is LiveQuantity =>
  ['detector', 'com', 'icom'].includes(quantities[name].analysis);

/** The first scale of the colours. */
export const scaleOf = (name: ScanQuantity): ScaleName => (quantities[name] as Quantity).scale ?? 'linear';

/** Whether the numbers lie about zero, which then has the middle colour. */
export const isSigned = (name: ScanQuantity): boolean => quantities[name].colours === 'blue-red';
