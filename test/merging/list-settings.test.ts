/** Lists of files in all settings of the space groups: gemmi writes them, we read and write them, and gemmi reads them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cellFromParameters } from '../../src/crystal/cell.js';
import { formatReflections } from '../../src/merging/formats/format-list.js';
import { readReflections } from '../../src/merging/formats/read-reflections.js';
import { formatMtz } from '../../src/merging/lists/mtz.js';
import { convertReflections } from '../../src/merging/reflections/calls.js';
import { askGemmi, gemmi } from './gemmi.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Draws lists in settings, each with a calculated column in front, as MTZ and as mmCIF with names alone. */
const drawing = `
import gemmi, json, sys, os
import numpy as np
folder, step, start = json.load(sys.stdin)
r = np.random.default_rng(start)
out = []
for n, sg in enumerate(gemmi.spacegroup_table()):
    if n % step != start % step: continue
    ops = sg.operations()
    rots = [np.array(o.rot) / 24 for o in ops.sym_ops]
    e = np.diag(r.uniform(14, 19, 3)) + r.uniform(-3, 3, (3, 3))
    g = sum(m.T @ (e.T @ e) @ m for m in rots) / len(rots)
    s = np.sqrt(np.diag(g))
    ang = [float(np.degrees(np.arccos(g[i][j] / s[i] / s[j]))) for i, j in ((1, 2), (0, 2), (0, 1))]
    cell = gemmi.UnitCell(*[round(x, 3) for x in s], *[round(x, 3) for x in ang])
    hkl = np.array(gemmi.make_miller_array(cell, sg, 4.0))
    i = np.round(r.exponential(1000, len(hkl)), 1)
    m = gemmi.Mtz(with_base=True); m.spacegroup = sg; m.set_cell_for_all(cell); m.add_dataset('d')
    for l, t in (('ICALC', 'J'), ('SIGFP', 'Q'), ('IMEAN', 'J'), ('SIGIMEAN', 'Q')): m.add_column(l, t)
    m.set_data(np.c_[hkl, i * 3, i * 0 + 7, i, i * 0 + 2].astype('f4')); m.write_to_file(f'{folder}/{n}.mtz')
    lines = ['data_a'] + ['_cell.%s %.3f' % (k, v) for k, v in zip(('length_a','length_b','length_c','angle_alpha','angle_beta','angle_gamma'), cell.parameters)]
    lines += ["_symmetry.space_group_name_H-M '%s'" % sg.xhm(), 'loop_'] + ['_refln.' + c for c in ('index_h','index_k','index_l','status','F_calc','intensity_meas','intensity_sigma')]
    lines += ['%d %d %d o 9 %.1f 2' % (*h, x) for h, x in zip(hkl, i)]
    open(f'{folder}/{n}.cif', 'w').write('\\n'.join(lines) + '\\n')
    out.append([n, sg.xhm(), list(cell.parameters)])
print(json.dumps(out))
`;

/** Compares files with those that were drawn: the reflections of the asymmetric unit, the cell, the operators. */
const comparing = `
import gemmi, json, sys
import numpy as np
folder, names = json.load(sys.stdin)
bad = []
table = list(gemmi.spacegroup_table())
def of(path):
    if path.endswith('.mtz'):
        m = gemmi.read_mtz_file(path)
        return m.spacegroup, m.cell, np.array(m)[:, :3].astype(int), np.array(m.column_with_label('IMEAN'))
    b = gemmi.as_refln_blocks(gemmi.cif.read(path))[0]
    return b.spacegroup, b.cell, np.array(b.make_miller_array()), np.array(b.make_float_array('intensity_meas'))
def rots(sg): return sorted(str(o.rot) for o in sg.operations().sym_ops)
for n, kind, name in names:
    sg = table[n]; _, cell, h, i = of(f'{folder}/{n}.mtz'); asu = gemmi.ReciprocalAsu(sg); ops = sg.operations()
    there = {tuple(k): float(v) for k, v in zip(h, i)}
    sg2, cell2, h2, i2 = of(f'{folder}/{name}')
    ours = {tuple(asu.to_asu([int(x) for x in k], ops)[0]): float(v) for k, v in zip(h2, i2)}
    why = []
    if sg2 is None or sg2.number != sg.number or rots(sg2) != rots(sg) or sg2.centring_type() != sg.centring_type(): why.append('group %s' % (sg2 and sg2.xhm()))
    if max(abs(a - b) for a, b in zip(cell.parameters, cell2.parameters)) > 2e-3: why.append('cell')
    if len(h2) != len(h) or set(ours) != set(there): why.append('indices %d %d %d' % (len(h), len(h2), len(ours)))
    elif max(abs(ours[k] - there[k]) for k in there) > 0.051: why.append('intensities')
    if sg.is_reference_setting() and not all(asu.is_in([int(x) for x in k]) for k in h2): why.append('unit')
    if why: bad.append(' '.join([sg.xhm(), name] + why))
print(json.dumps(bad))
`;

/** What gemmi finds otherwise in the files that we write of those it has drawn, in every `step`-th setting. */
function disagreements(step: number, start: number): { readonly drawn: number; readonly wrong: unknown[] } {
  const drawn = JSON.parse(askGemmi(drawing, JSON.stringify([folder, step, start]))) as [number, string, number[]][];
  const wrong: unknown[] = [];
  const written: [number, string, string][] = [];
  for (const [n, name] of drawn)
    for (const from of ['mtz', 'cif'] as const)
      try {
        const { list, parameters = [], centring = 'P' } = readReflections(readFileSync(join(folder, `${n}.${from}`)));
        const [a, b, c, al, be, ga] = parameters as [number, number, number, number, number, number];
        const cell = { cell: cellFromParameters(a, b, c, al, be, ga), centring };
        for (const to of ['mtz', 'cif'] as const) {
          const { list: converted } = convertReflections(list, { cell });
          const file = `${n}-${from}.${to}`;
          writeFileSync(join(folder, file), formatReflections(converted, to, { cell }).content);
          written.push([n, to, file]);
        }
      } catch (error) {
        wrong.push(`${name} ${from}: ${(error as Error).message}`);
      }
  return {
    drawn: drawn.length,
    wrong: [...wrong, ...(JSON.parse(askGemmi(comparing, JSON.stringify([folder, written]))) as unknown[])],
  };
}

const absent = gemmi ? '' : ' (absent: gemmi is not installed)';
test.skipIf(!gemmi)(`a list is the same in a file of any setting${absent}`, { tags: 'all' }, () => {
  expect(disagreements(80, 7)).toEqual({ drawn: 7, wrong: [] });
});
test.skipIf(!gemmi)(`a list is the same in a file of many settings${absent}`, { tags: 'all' }, () => {
  expect(disagreements(7, 3)).toEqual({ drawn: 80, wrong: [] });
});

const unitCell = [30, 30, 40, 90, 90, 120];
const trigonal = {
  title: 'a test',
  parameters: unitCell,
  cell: cellFromParameters(30, 30, 40, 90, 90, 120),
  wavelengthA: 1,
  spaceGroup: {
    name: 'P 3 2 1',
    number: 150,
    pointGroup: 'PG321',
    operators: ['X,Y,Z', '-Y,X-Y,Z+1/3', 'Y-X,-X,Z+2/3', '-Y,-X,2/3-Z', 'Y-X, Y,1/3-Z', 'X,X-Y,-Z'],
    primitive: 6,
  },
  indices: [
    [1, 2, 3],
    [2, 1, 4],
    [3, 1, 0],
  ] as [number, number, number][],
};
const column = (label: string, type: string, values: readonly number[]) => ({ label, type, values });
const asFile = (columns: readonly ReturnType<typeof column>[], more = {}): Uint8Array =>
  formatMtz({ ...trigonal, columns, ...more });
const measured = [column('IMEAN', 'J', [10, 20, 30]), column('SIGIMEAN', 'Q', [1, 2, 3])];
const model = [column('FC', 'F', [100, 100, 100]), column('PHIC', 'P', [0, 0, 0])];

test('the operators of a file decide, its cell is read, and a name that contradicts them is said', () => {
  const { list, parameters, centring, columns, remarks } = readReflections(asFile(measured));
  expect([list.symmetry, list.spaceGroup, parameters, centring]).toEqual(['-31m_H', 'P 31 1 2', unitCell, 'P']);
  expect([columns, remarks]).toEqual([
    ['IMEAN', 'SIGIMEAN'],
    ['It names the space group P 3 2 1, and has the operators of P 31 1 2, which are used.'],
  ]);
  const spaceGroup = { ...trigonal.spaceGroup, operators: ['X,Y,Z', '-Y,X-Y,Z+1/3'] };
  expect(() => readReflections(asFile(measured, { spaceGroup }))).toThrow(/2 symmetry operators are no group/);
  const words = { ...trigonal.spaceGroup, operators: ['X,Y,Z', 'X,Y,W'] };
  expect(() => readReflections(asFile(measured, { spaceGroup: words }))).toThrow(/operator "X,Y,W" is not one/);
});

test.each([
  ['of the usual label', [column('ICALC', 'J', [1, 1, 1]), ...measured], ['IMEAN', 'SIGIMEAN'], 10, 1],
  [
    'amplitudes where there are no intensities, with their own sigmas',
    [...model, column('SIGFP', 'Q', [1, 1, 1]), column('FP', 'F', [3, 4, 5]), column('SIGF', 'Q', [9, 9, 9])],
    ['FP', 'SIGFP'],
    9,
    7,
  ],
  ['intensities before amplitudes', [column('F', 'F', [3, 4, 5]), ...measured], ['IMEAN', 'SIGIMEAN'], 10, 1],
  ['without a sigma of another column', [...measured, column('J', 'J', [5, 5, 5])], ['IMEAN', 'SIGIMEAN'], 10, 1],
  ['without sigmas, if there are none', [column('I-obs', 'J', [7, 8, 9])], ['I-obs'], 7, 0],
])('the columns that are read are the measured ones: %s', (_, columns, labels, intensity, sigma) => {
  const { list, columns: read } = readReflections(asFile(columns));
  expect([read, list.intensity[0], list.sigma[0]]).toEqual([labels, intensity, sigma]);
});

test('columns that are as likely are named, those of a model are not taken, and labels choose', () => {
  const derivatives = [column('I_a', 'J', [1, 2, 3]), column('I_b', 'J', [4, 5, 6]), column('SIGI_b', 'Q', [1, 1, 1])];
  const both = asFile([...derivatives, column('SIGI_a', 'Q', [2, 2, 2])]);
  expect(() => readReflections(both)).toThrow(/has the intensities I_a, I_b; choose with columns/);
  const { list, remarks } = readReflections(both, { columns: 'I_b, SIGI_b' });
  expect([list.intensity[0], list.sigma[0], remarks[0]]).toEqual([4, 1, 'I_b and SIGI_b are read, not I_a.']);
  expect(readReflections(both, { columns: 'I_a' }).list.sigma[0]).toBe(2);
  expect(() => readReflections(both, { columns: 'I' })).toThrow(
    /columns is "I"; expected .*it has H \(H\), .*I_a \(J\)/,
  );
  expect(() => readReflections(asFile(model))).toThrow(/FC are named as calculated ones/);
  expect(readReflections(asFile(model), { columns: 'FC' }).list.intensity[0]).toBe(1e4);
  const hkl = new TextEncoder().encode('CrystFEL reflection list version 2.0\n');
  expect(() => readReflections(hkl, { columns: 'I' })).toThrow(/has no columns to choose from/);
});

test('an item of mmCIF is read by its name, and R 3 with the cell of rhombohedral axes is in these', () => {
  const text =
    "data_x\n_symmetry.space_group_name_H-M 'R 3'\n_cell.length_a 30\n_cell.length_b 30\n_cell.length_c 30\n" +
    '_cell.angle_alpha 80\n_cell.angle_beta 80\n_cell.angle_gamma 80\nloop_\n_refln.index_h\n_refln.index_k\n' +
    '_refln.index_l\n_refln.F_calc\n_refln.F_meas_au\n_refln.F_meas_sigma_au\n1 2 3 50 10 .5\n';
  const bytes = new TextEncoder().encode(text);
  const { list, centring, columns } = readReflections(bytes);
  expect([list.symmetry, list.spaceGroup, centring, list.intensity[0], columns]).toEqual([
    '-3_R',
    'R 3:R',
    'R',
    100,
    ['f_meas_au', 'f_meas_sigma_au'],
  ]);
  expect(readReflections(bytes, { columns: 'F_calc' }).list.intensity[0]).toBe(2500);
  const operators = text.replace('loop_', "loop_\n_symmetry_equiv.pos_as_xyz\n'x,y,z'\n'z,x,y'\n'y,z,x'\nloop_");
  expect(readReflections(new TextEncoder().encode(operators)).list.spaceGroup).toBe('R 3:R');
});

/** A list of a few reflections. */
const listOf = (symmetry: string, rows: readonly (readonly number[])[], spaceGroup?: string) => ({
  symmetry,
  spaceGroup,
  count: rows.length,
  indices: Int16Array.from(rows.flatMap((row) => row.slice(0, 3))),
  intensity: Float64Array.from(rows, (row) => row[3] as number),
  sigma: new Float64Array(rows.length).fill(1),
  measurements: new Float64Array(rows.length).fill(1),
});
const known = (a: number, b: number, c: number, be = 90, centring: 'P' | 'C' = 'P') => ({
  cell: cellFromParameters(a, b, c, 90, be, 90),
  centring,
});

test('new indices turn the cell, the point group, the centring and the space group with them', () => {
  const rows = [[1, 2, 3, 10]];
  const swapped = convertReflections(listOf('mmm', rows, 'P 21 21 2'), { cell: known(22, 25, 28), reindex: 'k,h,-l' });
  expect([...swapped.list.indices, swapped.list.spaceGroup]).toEqual([2, 1, 3, 'P 21 21 2']);
  expect(swapped.cell.cell.map((axis) => Math.hypot(...axis))).toEqual([25, 22, 28]);
  expect(swapped.remarks).toEqual(['In the new axes the cell is 25.00 22.00 28.00 Å 90.0 90.0 90.0°.']);
  const turned = convertReflections(listOf('mmm', rows, 'P 21 21 2'), { cell: known(22, 25, 28), reindex: 'l,h,k' });
  expect([turned.list.spaceGroup, turned.cell.cell.map((axis) => Math.round(Math.hypot(...axis)))]).toEqual([
    'P 2 21 21',
    [28, 22, 25],
  ]);
  const axes = convertReflections(listOf('2/m_uab', rows, 'C 1 2 1'), {
    cell: known(22, 25, 28, 100, 'C'),
    reindex: 'l,h,k',
  });
  expect([axes.list.symmetry, axes.list.spaceGroup, axes.cell.centring]).toEqual(['2/m', 'A 1 1 2', 'A']);
  // The same limit leaves the same reflections, whatever the axes.
  const far = listOf('mmm', [
    [2, 0, 0, 1],
    [0, 2, 0, 1],
    [0, 0, 2, 1],
  ]);
  for (const reindex of ['h,k,l', 'k,l,h'])
    expect(convertReflections(far, { cell: known(22, 25, 28), reindex, highres: 12 }).list.count).toBe(2);
});

test('new axes keep the origin choice whose inversion is at the origin, where the inversion is fixed', () => {
  // A change of axes alone leaves an inversion at the origin there.
  for (const [name, symmetry] of [
    ['F d d d:2', 'mmm'],
    ['C c c a:2', 'mmm'],
    ['P n n n:2', 'mmm'],
    ['F d d d:1', 'mmm'],
  ] as const)
    for (const reindex of ['-h,-k,l', 'h,-l,k', 'k,l,h']) {
      const cell = { cell: cellFromParameters(22, 25, 28, 90, 90, 90), centring: name[0] as 'F' | 'C' | 'P' };
      const { list } = convertReflections(listOf(symmetry, [[2, 2, 4, 10]], name), { cell, reindex });
      if (list.spaceGroup !== undefined)
        expect([name, reindex, list.spaceGroup.slice(-2)]).toEqual([name, reindex, name.slice(-2)]);
    }
  const { list } = convertReflections(listOf('mmm', [[2, 2, 4, 10]], 'F d d d:2'), {
    cell: { cell: cellFromParameters(22, 25, 28, 90, 90, 90), centring: 'F' },
    reindex: '-h,-k,l',
  });
  expect(list.spaceGroup).toBe('F d d d:2');
});

test('reflections that a twin law relates share the flag of the free set', () => {
  const rows = Array.from({ length: 40 }, (_, i) => [1 + (i % 6), 1 + Math.floor(i / 6), i % 3, 10 + i]);
  const all = listOf('4/m', [
    ...new Map(
      rows.flatMap(([h = 0, k = 0, l = 0, x = 0]) => [
        [`${h} ${k} ${l}`, [h, k, l, x]] as const,
        [`${k} ${h} ${l}`, [k, h, l, x + 1]] as const,
      ]),
    ).values(),
  ]);
  const free = Int32Array.from({ length: all.count }, (_, i) => Number(i % 4 !== 0));
  const cell = { cell: cellFromParameters(22, 22, 28, 90, 90, 90), centring: 'P' as const };
  const { list, remarks } = convertReflections({ ...all, free }, { cell, twin: '4/mmm' });
  const flags = new Map(
    Array.from({ length: list.count }, (_, i) => [list.indices.slice(3 * i, 3 * i + 3).join(), list.free?.[i]]),
  );
  expect(new Set(flags.values())).toEqual(new Set([0, 1]));
  for (const [key, flag] of flags) {
    const [h, k, l] = key.split(',');
    expect([key, flags.get([k, h, l].join())]).toEqual([key, flag]);
  }
  expect(remarks.join()).toContain('the free set has all of them or none');
});

test('a block of mmCIF with several wavelengths is refused, and that of its rows is read', () => {
  const block = (ids: readonly number[]): Uint8Array =>
    new TextEncoder().encode(
      [
        'data_x',
        ...['length_a 20', 'length_b 22', 'length_c 24', 'angle_alpha 90', 'angle_beta 90', 'angle_gamma 90'].map(
          (one) => `_cell.${one}`,
        ),
        "_symmetry.space_group_name_H-M 'P 21 21 21'",
        ...['loop_', '_diffrn_radiation_wavelength.id', '_diffrn_radiation_wavelength.wavelength', '1 0.9', '2 1.3'],
        ...['loop_', ...['wavelength_id', 'index_h', 'index_k', 'index_l', 'intensity_meas', 'intensity_sigma']].map(
          (one) => (one === 'loop_' ? one : `_refln.${one}`),
        ),
        ...ids.map((id, i) => `${id} 1 2 ${3 + i} ${10 * id} 1`),
        '',
      ].join('\n'),
    );
  expect(() => readReflections(block([1, 2]))).toThrow(
    /2 wavelengths in one block, wavelength_id 1 \(0.9 Å\), 2 \(1.3 Å\)/,
  );
  expect(readReflections(block([2, 2])).list.wavelengthA).toBe(1.3);
});

test.each([
  ['h+k,k,l', /takes mmm to axes in which it has no name/],
  ['k,h,l', /determinant is -1: it makes a left-handed cell.*-k,-h,-l gives the same intensities/],
  ['h+k,h-k,l', /determinant is -2/],
])('new indices %s of mmm are refused', (reindex, message) => {
  const cell = known(22, 25, 28);
  expect(() => convertReflections(listOf('mmm', [[1, 2, 3, 10]]), { cell, reindex })).toThrow(message);
});

test('a list in 2/m is in the axis of its cell, as HKLF 4 does not say which', () => {
  const rows = [
    [1, 2, 3, 10],
    [-1, 2, 3, 40],
  ];
  const { list } = convertReflections(listOf('2/m', rows), { cell: known(30, 35, 40, 100) });
  expect([list.symmetry, list.count, ...list.intensity].sort()).toEqual(['2/m_uab', 10, 2, 40].sort());
});

test('a space group that a list has no more is left out with a word, and XDS_ASCII takes no other setting', () => {
  const cell = known(30, 35, 40);
  const { list, remarks } = convertReflections(listOf('mmm', [[1, 2, 3, 10]], 'P 21 21 21'), { cell, expand: '2/m' });
  expect([list.spaceGroup, remarks]).toEqual([undefined, [expect.stringMatching(/was in P 21 21 21; it is in 2\/m/)]]);
  const other = listOf('2/m', [[1, 2, 3, 10]], 'P 1 1 21');
  expect(() => formatReflections(other, 'xds', { cell })).toThrow(/4 is not P 1 1 21 but P 1 21 1; reindex to/);
  // No change of axes of one lattice makes hexagonal axes of rhombohedral ones.
  const rhombohedral = { cell: { cell: cellFromParameters(30, 30, 30, 80, 80, 80), centring: 'R' } } as const;
  const onR = listOf('-3_R', [[1, 2, 3, 10]], 'R 3:R');
  expect(() => formatReflections(onR, 'xds', rhombohedral)).toThrow(
    /but R 3:H, .* index with a cell on hexagonal axes/,
  );
});

test('a space group in other axes is refused with its name in those of the list, and a cell with the groups that it has', () => {
  const cell = { cell: cellFromParameters(30, 30, 30, 80, 80, 80), centring: 'R' } as const;
  const onR = listOf('-3_R', [[1, 2, 3, 10]]);
  const as = (spaceGroup: string) => () => formatReflections(onR, 'mtz', { cell, spaceGroup });
  for (const name of ['R -3', '148', 'H -3'])
    expect(as(name)).toThrow(/in -3_R with the centring R: there it is "R -3:R"/);
  expect(as('P -3')).toThrow(/has the point group -3 and the centring P/);
  expect(as('-3_R')).toThrow(/which is a point group \(symmetry, -y\); .* as "R -3:R"/);
  const unique = listOf('2/m_uab', [[1, 2, 3, 10]]);
  expect(() => formatReflections(unique, 'cif', { cell: known(30, 35, 40, 100), spaceGroup: 'P 1 1 21/m' })).toThrow(
    /there it is "P 1 21\/m 1"/,
  );
  expect(() => convertReflections({ ...onR, symmetry: '-3' }, { cell })).toThrow(
    /does not have the symmetry -3 of the list but -3m_R, -3_R, -1: it is the cell of another crystal, or of other axes/,
  );
});
