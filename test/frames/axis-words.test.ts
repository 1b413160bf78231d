/** Units of axes, as programs of electron microscopy spell them. */
import { expect, test } from 'vitest';
import { unitOf } from '../../src/frames/axis-words.js';

test.for([
  ['Å', ['Å', 'A', 'Angstrom', '$\\AA$', '\\AA{}', '$\\mathrm{A}$', '$\\mathrm{~A}$']],
  ['1/Å', ['1/A', 'A^-1', 'Å$^{-1}$', '$\\AA^{-1}$', '$\\AA{}^{-1}$', '1 / Å', '[A^-1]']],
  ['1/nm', ['1/nm', 'nm^-1', 'nm$^{-1}$', '[n_m^-1]']],
  ['µm', ['µm', 'μm', '$\\mu$m', '$\\mu m$']],
  [undefined, ['', '_None_', '<undefined>']],
] as const)('%s is read in each of its spellings', ([unit, spellings]) => {
  expect(spellings.map(unitOf)).toEqual(spellings.map(() => unit));
});
