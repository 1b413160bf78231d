/** Constants of physics that headers need, CODATA 2018. */
const planck = 6.62607015e-34;
const electronMass = 9.1093837015e-31;
const charge = 1.602176634e-19;
const light = 299_792_458;

/** Wavelength of electrons of a voltage, in Å, relativistic: h / √(2 m e U (1 + e U / 2 m c²)). */
export const electronWavelengthA = (volts: number): number =>
  (1e10 * planck) /
  Math.sqrt(2 * electronMass * charge * volts * (1 + (charge * volts) / (2 * electronMass * light * light)));
