/** Friedel mates of groups with mirrors and no inversion are written as gemmi has them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Cell, cellFromParameters } from '../../src/crystal/cell.js';
import { isAbsentIn, spaceGroupSettings } from '../../src/crystal/space-groups/groups.js';
import { type Indices, representative } from '../../src/crystal/symmetry/asymmetric-unit.js';
import { determinant, inversion, operationKey } from '../../src/crystal/symmetry/matrices.js';
import { formatReflections } from '../../src/merging/formats/format-list.js';
import { readReflections } from '../../src/merging/formats/read-reflections.js';
import { pointGroupOfSpaceGroup } from '../../src/merging/reflections/space-group-laue.js';
import { askGemmi, gemmi } from './gemmi.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-mirrors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = spaceGroupSettings().flatMap((setting) => {
  const rotations = setting.operators.map((m) => m.slice(0, 9).map((x) => x + 0));
  const isPolar = rotations.some((m) => determinant(m) === -1);
  const hasInversion = rotations.some((m) => operationKey(m) === operationKey(inversion));
  const group = isPolar && !hasInversion ? pointGroupOfSpaceGroup(setting.operators) : undefined;
  return group ? [{ setting, group }] : [];
});
/** One of each point group in its axes and its centring. */
const several = [...new Map(settings.map((one) => [`${one.group.name} ${one.setting.centring}`, one])).values()].filter(
  (_, i) => i % 6 === 0,
);

/** A cell whose metric all operations keep. */
function cellOf({ operations }: (typeof settings)[number]['group']): Cell {
  const g = [
    [180, 3, 5],
    [3, 220, -4],
    [5, -4, 300],
  ];
  const mean = [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => {
      const at = (m: readonly number[], row: number, column: number): number => m[3 * row + column] as number;
      const one = (m: readonly number[]): number =>
        [0, 1, 2].reduce(
          (sum, a) => sum + [0, 1, 2].reduce((t, b) => t + at(m, a, i) * (g[a]?.[b] as number) * at(m, b, j), 0),
          0,
        );
      return operations.reduce((sum, m) => sum + one(m), 0) / operations.length;
    }),
  );
  const [a, b, c] = [0, 1, 2].map((i) => Math.sqrt(mean[i]?.[i] as number)) as [number, number, number];
  const angle = (i: number, j: number, product: number): number =>
    (180 / Math.PI) * Math.acos((mean[i]?.[j] as number) / product);
  return cellFromParameters(a, b, c, angle(1, 2, b * c), angle(0, 2, a * c), angle(0, 1, a * b));
}

const asking = `
import gemmi, json, sys, numpy as np
bad = []
for path, rows in json.load(sys.stdin):
    m = gemmi.read_mtz_file(path); ops = m.spacegroup.operations(); asu = gemmi.ReciprocalAsu(m.spacegroup)
    there = {}
    plus, minus = [m.column_with_label(c) for c in ('I(+)', 'I(-)')]
    for r, p, q in zip(np.array(m)[:, :3].astype(int), plus, minus):
        a, s = asu.to_asu(list(map(int, r)), ops)
        there[tuple(a)] = (p, q) if s % 2 else (q, p)
    wrong = 0
    for *h, i in rows:
        a, s = asu.to_asu(h, ops)
        p, q = there[tuple(a)]
        own, other = (p, q) if s % 2 else (q, p)
        wrong += abs(own - i) > 1e-3 or (ops.is_reflection_centric(h) and abs(other - i) > 1e-3)
    if wrong or len(there) != m.nreflections: bad.append([m.spacegroup.xhm(), int(wrong), len(rows)])
print(json.dumps(bad))
`;

/** The rows of lists that are written, read again by gemmi and by us. */
function wrongOf(chosen: typeof settings): unknown {
  const wrong: unknown[] = [];
  const files = chosen.map(({ setting, group }, n) => {
    const axes = cellOf(group);
    const cell = { cell: axes, centring: setting.centring };
    const rows: (readonly [number, number, number, number])[] = [];
    for (let h = -4; h <= 4; h++)
      for (let k = -4; k <= 4; k++)
        for (let l = -4; l <= 4; l++) {
          const own: Indices = [h, k, l];
          if ((h === 0 && k === 0 && l === 0) || isAbsentIn(setting, own)) continue;
          if (representative(own, group).join() === own.join()) rows.push([h, k, l, 100 + rows.length]);
        }
    const list = {
      symmetry: group.name,
      count: rows.length,
      indices: Int16Array.from(rows.flatMap((row) => row.slice(0, 3))),
      intensity: Float64Array.from(rows, ([, , , x]) => x),
      sigma: new Float64Array(rows.length).fill(1),
      measurements: new Float64Array(rows.length).fill(1),
    };
    const path = join(folder, `${n}.mtz`);
    const { content } = formatReflections(list, 'mtz', { cell, spaceGroup: setting.name });
    writeFileSync(path, content);
    for (const kind of ['mtz', 'cif', 'xds'] as const) {
      const from =
        kind === 'mtz'
          ? content
          : attempt(() => formatReflections(list, kind, { cell, spaceGroup: setting.name }).content);
      if (from === undefined) continue;
      const { list: read } = readReflections(typeof from === 'string' ? new TextEncoder().encode(from) : from);
      const of = new Map<string, number>();
      for (let i = 0; i < read.count; i++)
        of.set(
          representative([0, 1, 2].map((x) => read.indices[3 * i + x] as number) as unknown as Indices, group).join(),
          read.intensity[i] as number,
        );
      const back = rows.map(([h, k, l]) => of.get(representative([h, k, l], group).join()));
      const off = rows.filter((row, i) => back[i] !== row[3]).length;
      if (off > 0 || read.symmetry !== group.name) wrong.push([setting.name, kind, read.symmetry, group.name, off]);
    }
    return [path, rows];
  });
  return [...wrong, ...JSON.parse(askGemmi(asking, JSON.stringify(files)))];
}

/** XDS_ASCII has the first setting of a number alone. */
function attempt(make: () => string | Uint8Array): string | Uint8Array | undefined {
  try {
    return make();
  } catch (error) {
    expect(String(error)).toMatch(/XDS_ASCII files state the number/);
    return undefined;
  }
}

test.skipIf(!gemmi)('mates of groups with mirrors are those of gemmi, in MTZ, mmCIF and XDS_ASCII', () => {
  expect(several.length).toBeGreaterThan(4);
  expect(wrongOf(several)).toEqual([]);
});

test.skipIf(!gemmi)('in all of their settings', { tags: 'nightly' }, () => {
  expect(settings.length).toBeGreaterThan(180);
  expect(wrongOf(settings)).toEqual([]);
});

test('a group with mirrors and no space group has the symmorphic one', () => {
  const list = {
    symmetry: 'mm2',
    count: 1,
    indices: Int16Array.of(1, 2, 3),
    intensity: Float64Array.of(5),
    sigma: Float64Array.of(1),
    measurements: Float64Array.of(2),
  };
  const cell = { cell: cellFromParameters(10, 12, 14, 90, 90, 90), centring: 'P' } as const;
  expect(formatReflections(list, 'cif', { cell }).content).toMatch(/name_H-M +'P m m 2'/);
});
