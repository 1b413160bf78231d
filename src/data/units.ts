/** Physical constants for headers, CODATA 2018. */
const planck = 6.62607015e-34;
const electronMass = 9.1093837015e-31;
const charge = 1.602176634e-19;
const light = 299_792_458;

/** Relativistic wavelength in Å of electrons accelerated by a voltage: h / √(2 m e U (1 + e U / 2 m c²)). */
export const electronWavelengthA = (volts: number): number =>
  (1e10 * planck) /
  Math.sqrt(2 * electronMass * charge * volts * (1 + (charge * volts) / (2 * electronMass * light * light)));
