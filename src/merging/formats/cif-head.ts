/** What a block of mmCIF states before its reflections: cell, space group and experiment. */
import { nameInFiles } from '../../crystal/space-groups/stated.js';
import { version } from '../../util/version.js';
import { cifValue } from './cif.js';

/** The crystal and the experiment. */
export interface CifHead {
  /** Lengths in angstrom, angles in degrees. */
  readonly parameters: readonly number[];
  readonly wavelengthA: number;
  readonly spaceGroup: { readonly name: string; readonly number: number };
  /** Whether the reflections are of many crystals, as those of a merge of stills. */
  readonly isSerial?: boolean | undefined;
}

export const cellItems = ['length_a', 'length_b', 'length_c', 'angle_alpha', 'angle_beta', 'angle_gamma'];

/** A line of one item. */
export const cifItem = (name: string, value: string | number): string => `${name.padEnd(50)} ${value}`;

/** The first lines of a block. */
export const cifHead = (id: string, { parameters, wavelengthA, spaceGroup, isSerial }: CifHead): string[] => [
  `data_${id}`,
  cifItem('_entry.id', id),
  cifItem('_audit.creation_method', cifValue(`ewald ${version}`)),
  cifItem('_cell.entry_id', id),
  ...cellItems.map((name, i) => cifItem(`_cell.${name}`, (parameters[i] as number).toFixed(4))),
  cifItem('_symmetry.entry_id', id),
  cifItem('_symmetry.space_group_name_H-M', cifValue(nameInFiles(spaceGroup.name))),
  cifItem('_symmetry.Int_Tables_number', spaceGroup.number),
  cifItem('_diffrn.id', 1),
  cifItem('_diffrn.crystal_id', 1),
  ...(isSerial ? [cifItem('_diffrn.pdbx_serial_crystal_experiment', 'Y')] : []),
  cifItem('_diffrn_radiation.diffrn_id', 1),
  cifItem('_diffrn_radiation.wavelength_id', 1),
  cifItem('_diffrn_radiation_wavelength.id', 1),
  cifItem('_diffrn_radiation_wavelength.wavelength', wavelengthA > 0 ? wavelengthA.toFixed(5) : '?'),
];
