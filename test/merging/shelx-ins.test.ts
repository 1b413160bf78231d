/** The .ins file beside HKLF 4: what LATT and SYMM mean is the space group, as gemmi has its operators. */
import { expect, test } from 'vitest';
import { formatReflections } from '../../dist/merging.js';
import { spaceGroupSettings } from '../../src/crystal/space-groups/groups.js';
import { formatShelxIns } from '../../src/merging/formats/shelx-ins.js';
import { statedGroup } from '../../src/merging/reflections/space-group-laue.js';
import { cell, drawn } from './drawn-lists.js';
import { askGemmi, gemmi } from './gemmi.js';

/** Expands LATT and SYMM as SHELX's manual describes them, and compares the set with gemmi's operators of the name. */
const program = `
import sys, json, gemmi
D = gemmi.Op.DEN
h, t = D // 2, D // 3
centres = {1: [], 2: [(h,h,h)], 3: [(2*t,t,t), (t,2*t,2*t)], 4: [(0,h,h), (h,0,h), (h,h,0)], 5: [(0,h,h)], 6: [(h,0,h)], 7: [(h,h,0)]}
wrong = []
for name, hall, latt, symm in json.load(sys.stdin):
    ops = [gemmi.Op('x,y,z')] + [gemmi.Op(s) for s in symm]
    if latt > 0: ops += [gemmi.Op('-x,-y,-z') * op for op in ops]
    found = set()
    for op in ops:
        for c in [(0,0,0)] + centres[abs(latt)]:
            moved = gemmi.Op(op.triplet()); moved.tran = [(a + b) % D for a, b in zip(op.tran, c)]
            found.add(moved.triplet())
    expected = set(op.wrap().triplet() for op in gemmi.symops_from_hall(hall))
    if found != expected or len(found) != len(expected): wrong.append(name)
print(json.dumps(wrong))
`;

test.skipIf(!gemmi)('LATT and SYMM are the operators of every setting that SHELX can have', { tags: 'all' }, () => {
  const written: [string, string, number, string[]][] = [];
  const refused: string[] = [];
  for (const setting of spaceGroupSettings()) {
    const { name, hall, operators, centring } = setting;
    const parameters = [10, 10, 10, 90, 90, 90];
    try {
      const text = formatShelxIns({ parameters, wavelengthA: 1, centring, spaceGroup: statedGroup(setting) });
      const symmetry = [...text.matchAll(/^SYMM (.*)$/gm)].map(([, one = '']) => one.toLowerCase());
      written.push([name, hall, Number(/^LATT (-?\d)$/m.exec(text)?.[1]), symmetry]);
    } catch (error) {
      expect(String(error)).toMatch(/SHELX needs an inversion at the origin/);
      const inversions = operators.filter((m) => m.slice(0, 9).join() === '-1,0,0,0,-1,0,0,0,-1');
      expect(inversions.some((m) => m.slice(9).every((x) => x === 0))).toBe(false);
      refused.push(name);
    }
  }
  expect(written.length).toBeGreaterThan(500);
  expect(
    refused.every((name) => /:1$/.test(name)),
    refused.join(),
  ).toBe(true);
  expect(JSON.parse(askGemmi(program, JSON.stringify(written)))).toEqual([]);
});

test('an .ins file has the cell and the wavelength, or says what it lacks', () => {
  const list = { ...drawn(59), wavelengthA: 0.71073, spaceGroup: 'P 42/n:2' };
  const text = formatReflections(list, 'shelx', { cell }).instructions?.() ?? '';
  expect(text).toContain('\nCELL 0.71073 52.0000 52.0000 44.0000 90.000 90.000 90.000\nZERR 8 0 0 0 0 0 0\nLATT 1\n');
  const first = formatReflections({ ...list, spaceGroup: 'P 42/n:1' }, 'shelx', { cell });
  expect(() => first.instructions?.()).toThrow(/P 42\/n.*:2/);
  const dark = formatReflections({ ...list, wavelengthA: undefined }, 'shelx', { cell });
  expect(() => dark.instructions?.()).toThrow(/wavelength/);
  expect(formatReflections(drawn(59), 'shelx', { cell }).instructions).toBeUndefined();
});
