/** Names and units of axes, as programs of electron microscopy write them. */
import { omitUndefined } from '../util/omit-undefined.js';
import type { Axis } from './dataset.js';

/** Normalises the spelling of units: nm, Å, 1/nm, 1/Å. */
export function unitOf(text: string | undefined): string | undefined {
  let unit = text?.trim() ?? '';
  // EMD: [n_m], [n_m^-1].
  if (/^\[.*\]$/.test(unit)) unit = unit.slice(1, -1).replaceAll('_', '');
  // In LaTeX: Å$^{-1}$, $\AA^{-1}$.
  unit = unit
    .replaceAll('$', '')
    .replace(/\\AA(?:\{\})?|\\mathrm\{~?A\}/, 'Å')
    .replace(/\\mu\s*/, 'µ');
  const inverse = /^1\s*\/\s*(.+)$/.exec(unit)?.[1] ?? /^(.+?)\s*\^\s*\{?-1\}?$/.exec(unit)?.[1];
  const plain = (inverse ?? unit).replace(/^(A|Angstrom|angstrom|Ang)$/, 'Å').replace('μ', 'µ');
  if (plain === '' || plain === '_None_' || plain === '<undefined>') return undefined;
  return inverse ? `1/${plain}` : plain;
}

/** An axis without what HyperSpy writes for no name. */
export const namedAxis = (
  name: string | undefined,
  size: number,
  steps: Partial<Axis>,
  unit: string | undefined,
): Axis => omitUndefined({ name: name && name !== '_None_' ? name : '', size, ...steps, unit });
