/** Physical constants for headers, CODATA 2018. */
const planck = 6.62607015e-34;
const electronMass = 9.1093837015e-31;
const charge = 1.602176634e-19;
const light = 299_792_458;

/** Relativistic wavelength in Å of electrons accelerated by a voltage: h / √(2 m e U (1 + e U / 2 m c²)). */
export const electronWavelengthA = (volts: number): number =>
  (1e10 * planck) /
  Math.sqrt(2 * electronMass * charge * volts * (1 + (charge * volts) / (2 * electronMass * light * light)));

/** Voltage and wavelength of an electron beam as metadata; none of a voltage that is not above 0 or not known. */
export const electronBeam = (volts = 0): { readonly voltageV?: number; readonly wavelengthA?: number } =>
  volts > 0 ? { voltageV: volts, wavelengthA: electronWavelengthA(volts) } : {};

/** Voltage of electrons of this wavelength: e U = √((h c / λ)² + (m c²)²) − m c². */
function electronVoltageV(wavelengthA: number): number {
  const photon = (1e10 * planck * light) / wavelengthA;
  const rest = electronMass * light * light;
  return (Math.hypot(photon, rest) - rest) / charge;
}

/** Shorter wavelengths in Å belong to electrons: photons would have more than 248 keV, electrons 58 kV. */
const shortestOfPhotons = 0.05;

/** Metadata with the voltage that a wavelength implies if only electrons have it. */
export const withVoltage = <
  M extends { readonly wavelengthA?: number | undefined; readonly voltageV?: number | undefined },
>(
  meta: M,
): M =>
  meta.voltageV === undefined && meta.wavelengthA !== undefined && meta.wavelengthA < shortestOfPhotons
    ? { ...meta, voltageV: electronVoltageV(meta.wavelengthA) }
    : meta;
