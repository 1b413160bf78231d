/** The setting that a file states and the axes of the cell are the same, or the list is refused. */
import { expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import { checkReflections, convertReflections, formatReflections } from '../../dist/merging.js';
import { listOf } from './drawn-lists.js';

const rows = [
  [1, 2, 3, 10, 1],
  [3, 1, 4, 90, 1],
  [2, 1, 1, 40, 1],
] as const;
const monoclinic = { a: '24,21,29,106,90,90', b: '24,21,29,90,106,90', c: '24,21,29,90,90,106' };
const others = { a: '31,24,24,90,90,90', b: '24,31,24,90,90,90', c: '24,24,31,90,90,90' };
const tools = (spaceGroup: string, symmetry: string, cell: string): boolean[] => {
  const list = { ...listOf(symmetry, rows), spaceGroup };
  const known = readCell(cell);
  return [
    () => convertReflections(list, { cell: known }),
    () => checkReflections(list, { cell: known }),
    () => formatReflections(list, 'mtz', { cell: known }),
  ].map((call) => {
    try {
      call();
      return true;
    } catch (error) {
      expect(String(error)).toMatch(/unique axis is [abc], .* unique axis is [abc];|not have the symmetry 2\/m_ua[ab]/);
      return false;
    }
  });
};

test('a setting of one unique axis with a cell of another one is refused by every tool', () => {
  for (const [stated, name, symmetry] of [
    ['a', 'P 21/b 1 1', '2/m_uaa'],
    ['b', 'P 1 21/c 1', '2/m_uab'],
    ['c', 'P 1 1 21/b', '2/m'],
  ] as const)
    for (const [axis, cell] of Object.entries(monoclinic))
      expect([name, axis, ...tools(name, symmetry, cell)]).toEqual([name, axis, ...Array(3).fill(stated === axis)]);
  for (const [axis, cell] of Object.entries(others))
    expect([axis, ...tools('P 42/n:2', '4/m', cell)]).toEqual([axis, ...Array(3).fill(axis === 'c')]);
});

test('where the cell leaves the axis open, it is that of the setting', () => {
  const known = { ...readCell('24,21,29,90,90,90'), uniqueAxis: 'b' as const };
  const { list } = convertReflections({ ...listOf('2/m', rows), spaceGroup: 'P 1 1 21/b' }, { cell: known });
  expect([list.symmetry, list.count]).toEqual(['2/m', 3]);
});
