/** Units of lengths, energies, voltages, angles and times as files and geometries spell them. */

const decades: Readonly<Record<string, number>> = {
  ...{ f: 1e-15, p: 1e-12, n: 1e-9, u: 1e-6, µ: 1e-6, μ: 1e-6, m: 1e-3, c: 1e-2, d: 1e-1, k: 1e3, M: 1e6, G: 1e9 },
};
const decadeNames: Readonly<Record<string, number>> = {
  ...{ femto: 1e-15, pico: 1e-12, nano: 1e-9, micro: 1e-6, milli: 1e-3, centi: 1e-2, deci: 0.1 },
  ...{ kilo: 1e3, mega: 1e6, giga: 1e9 },
};

/** A quantity: symbols that take a prefix (`m`, `eV`), names that take one (`metre`), and words that stand alone. */
interface Quantity {
  readonly symbols: Readonly<Record<string, number>>;
  readonly names: Readonly<Record<string, number>>;
  readonly words: Readonly<Record<string, number>>;
}

const electronVolt = 1.602176634e-19;

const quantities = {
  /** In metres. */
  length: {
    symbols: { m: 1 },
    names: { meter: 1, metre: 1 },
    words: { ...{ a: 1e-10, å: 1e-10, ang: 1e-10, angstrom: 1e-10, angström: 1e-10, ångström: 1e-10 }, micron: 1e-6 },
  },
  /** In electron volts. */
  energy: {
    symbols: { eV: 1, ev: 1, J: 1 / electronVolt },
    names: { electronvolt: 1, electron_volt: 1, 'electron volt': 1, joule: 1 / electronVolt },
    words: {},
  },
  /** In volts. */
  voltage: { symbols: { V: 1 }, names: { volt: 1 }, words: {} },
  /** In radians. */
  angle: {
    symbols: { rad: 1 },
    names: { radian: 1 },
    words: { deg: Math.PI / 180, degree: Math.PI / 180, '°': Math.PI / 180 },
  },
  /** In seconds. */
  time: {
    symbols: { s: 1, sec: 1 },
    names: { second: 1, sec: 1 },
    words: { min: 60, minute: 60, h: 3600, hour: 3600 },
  },
} as const satisfies Readonly<Record<string, Quantity>>;

/** What a unit measures. */
export type QuantityName = keyof typeof quantities;

function withPrefix(
  text: string,
  units: Readonly<Record<string, number>>,
  prefixes: Readonly<Record<string, number>>,
): number | undefined {
  if (Object.hasOwn(units, text)) return units[text];
  for (const [unit, value] of Object.entries(units)) {
    const prefix = text.endsWith(unit) ? text.slice(0, text.length - unit.length) : '';
    if (prefix !== '' && Object.hasOwn(prefixes, prefix)) return value * (prefixes[prefix] as number);
  }
  return undefined;
}

/** The factor from a unit to metres, electron volts, volts, radians or seconds; undefined for one that is not known. */
export function unitFactor(quantity: QuantityName, text: string): number | undefined {
  const { symbols, names, words }: Quantity = quantities[quantity];
  // Composed letters, because Å is written in two ways.
  const given = text.trim().normalize('NFC');
  const lower = given.toLowerCase();
  const singular = lower.length > 3 ? lower.replace(/s$/, '') : lower;
  for (const word of [lower, singular]) if (Object.hasOwn(words, word)) return words[word];
  return (
    withPrefix(given, symbols, decades) ??
    withPrefix(singular, names, decadeNames) ??
    // Units in capitals, of which "MM" can only be millimetres.
    (quantity === 'length' ? withPrefix(lower, symbols, decades) : undefined)
  );
}
