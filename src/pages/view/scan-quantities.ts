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
  /** The first scale of its colours. */
  readonly scale: ScaleName;
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
const counts = (): readonly [string, number] => ['counts', 1];
const percent = (): readonly [string, number] => ['%', 100];
const radians = (): readonly [string, number] => ['rad', 1];
const degrees = (): readonly [string, number] => ['°', 180 / Math.PI];
const none = (): readonly [string, number] => ['', 1];

const row = (
  title: string,
  colours: ColourMapName,
  analysis: Quantity['analysis'],
  channel: string,
  unit: Quantity['unit'],
  scale: ScaleName = 'linear',
): Quantity => ({ title, colours, analysis, channel, unit, scale });

export const quantities = {
  sum: row('Virtual image', 'inferno', 'detector', 'intensity', counts),
  field: row('Centre of mass, direction', 'inferno', 'com', 'field', shifts),
  magnitude: row('Centre of mass, shift', 'inferno', 'com', 'magnitude', shifts),
  divergence: row('Divergence of the shifts', 'blue-red', 'com', 'divergence', slopes),
  curl: row('Curl of the shifts', 'blue-red', 'com', 'curl', slopes),
  icom: row('Integrated centre of mass', 'inferno', 'icom', 'phase', integrals),
  phase: row('Phase, single side band', 'inferno', 'ssb', 'phase', radians),
  amplitude: row('Amplitude, single side band', 'inferno', 'ssb', 'amplitude', none),
  exx: row('Strain along x', 'blue-red', 'strain', 'exx', percent),
  eyy: row('Strain along y', 'blue-red', 'strain', 'eyy', percent),
  exy: row('Shear strain', 'blue-red', 'strain', 'exy', percent),
  theta: row('Rotation of the lattice', 'blue-red', 'strain', 'theta', degrees),
  bragg: row('Bragg vector map', 'inferno', 'bragg', 'map', none, 'log'),
  polar: row('Polar transform of the mean pattern', 'inferno', 'polar', 'polar', counts, 'log'),
};

/** A result that a pane can show. */
export type ScanQuantity = keyof typeof quantities;
/** The results in the order in which the page offers them. */
export const quantityNames = Object.keys(quantities) as ScanQuantity[];
export const isQuantity = (name: unknown): name is ScanQuantity => quantityNames.includes(name as ScanQuantity);

/** Results that follow the virtual detector; the others are computed once from whole frames and the calibration. */
export type LiveQuantity = 'sum' | 'field' | 'magnitude' | 'divergence' | 'curl' | 'icom';
export const isLive = (name: ScanQuantity): name is LiveQuantity => wholeAnalysis(name) === undefined;

/** Analyses of whole frames, which the context computes with the calibration. */
export type WholeAnalysis = Exclude<Quantity['analysis'], 'detector' | 'com' | 'icom'>;
/** The analysis of whole frames that gives a result; undefined for one that follows the virtual detector. */
export function wholeAnalysis(name: ScanQuantity): WholeAnalysis | undefined {
  const { analysis } = quantities[name];
  return analysis === 'detector' || analysis === 'com' || analysis === 'icom' ? undefined : analysis;
}

/** Whether the numbers lie about zero, which then has the middle colour. */
export const isSigned = (name: ScanQuantity): boolean => quantities[name].colours === 'blue-red';
