/** CCP4's asymmetric unit in the settings of monoclinic and orthorhombic groups, as gemmi has it. */
import { expect, test } from 'vitest';
import type { Centring } from '../../src/crystal/centring.js';
import { ccp4Unit } from '../../src/crystal/symmetry/asymmetric-unit.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';
import { symmorphicGroup } from '../../src/crystal/symmetry/space-group.js';
import { askGemmi, gemmi } from '../merging/gemmi.js';

const settings = [
  ...['P', 'C', 'A', 'I'].map((centring) => ['2/m_uab', centring]),
  ...['P', 'A', 'B', 'I'].map((centring) => ['2/m', centring]),
  ...['P', 'B', 'C', 'I'].map((centring) => ['2/m_uaa', centring]),
  ...['P', 'A', 'B', 'C', 'F', 'I'].map((centring) => ['mmm', centring]),
] as [string, Centring][];

test.skipIf(!gemmi)(
  `every reflection is brought into the unit of its setting${gemmi ? '' : ' (absent: gemmi is not installed)'}`,
  () => {
    const from = Array.from({ length: 9 ** 3 }, (_, i) => [
      (i % 9) - 4,
      (Math.floor(i / 9) % 9) - 4,
      Math.floor(i / 81) - 4,
    ]);
    const placed = settings.map(([name, centring]) => {
      const group = pointGroup(name);
      const place = ccp4Unit(group, centring);
      const space = symmorphicGroup(group, centring)?.name;
      return { space, indices: from.map((hkl) => place?.(hkl as [number, number, number]).indices) };
    });
    const outside = askGemmi(
      `
import json, sys, gemmi
out = {}
for one in json.load(sys.stdin):
    asu = gemmi.ReciprocalAsu(gemmi.find_spacegroup_by_name(one['space']))
    out[one['space']] = [hkl for hkl in one['indices'] if not asu.is_in(hkl)][:3]
print(json.dumps(out))
`,
      JSON.stringify(placed),
    );
    expect(JSON.parse(outside)).toEqual(Object.fromEntries(placed.map(({ space }) => [space, []])));
    expect(placed).toHaveLength(18);
  },
);
