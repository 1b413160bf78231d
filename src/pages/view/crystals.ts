/** The crystals of a frame, as tables. */
import { createElement } from './elements.js';
import type { ShownCrystal } from './protocol.js';

/** A probability as a power of ten. */
function chance(probability: number): string {
  const exponent = Math.log10(probability);
  return Number.isFinite(exponent) ? `10${raised(Math.round(exponent))}` : `< 10${raised(-300)}`;
}

const raised = (integer: number): string =>
  String(integer).replace(/./g, (letter) => (letter === '-' ? '⁻' : ('⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(letter)] as string)));

const numbers = (values: readonly number[]): string => values.map((value) => value.toFixed(2)).join('  ');

/** Writes the crystals into an element; `peaks` is the number of peaks of the frame. */
export function writeCrystals(into: HTMLElement, crystals: readonly ShownCrystal[], peaks: number): void {
  into.replaceChildren(
    ...crystals.map((crystal) => {
      const rows: (readonly [string, string])[] = [
        ['a b c / Å', numbers(crystal.lengths)],
        ['α β γ / °', numbers(crystal.angles)],
        ...(crystal.explained === undefined
          ? []
          : ([['Peaks explained', `${crystal.explained} of ${peaks}`]] as const)),
        ...(crystal.probability === undefined ? [] : ([['Chance match', chance(crystal.probability)]] as const)),
        ['Resolution', `${crystal.resolutionA.toFixed(2)} Å`],
        ['Reflections', String(crystal.reflections.count)],
      ];
      const lines = rows.map(([name, value]) =>
        createElement('tr', createElement('th', name), createElement('td', value)),
      );
      return createElement('table', createElement('tbody', ...lines));
    }),
  );
}
