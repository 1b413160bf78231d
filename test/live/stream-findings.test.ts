/** What a detector's own analysis sends with its images: what is read of it, and how it is compared. */
import { expect, test } from 'vitest';
import { finderOfSeries, findingsOf } from '../../src/frames/streams/stream-findings.js';
import { StreamAgreement } from '../../src/pipeline/sinks/stream-agreement.js';

test('spots are read as maps or as a flat list; what has another form is left out', () => {
  const spot = (x: number, y: number) => new Map<string, unknown>(Object.entries({ x, y, I: 7, ice_ring: false }));
  const spots = { fs: [1, 3], ss: [2, 4], intensity: [7, 7] };
  const maps = [spot(1, 2), spot(3, 4)];
  expect(findingsOf(new Map([['spots', maps]]))).toEqual({ spots });
  expect(findingsOf(new Map([['spots', [1, 2, 7, 3, 4, 7]]]))).toEqual({ spots });
  const cell = new Map(Object.entries({ a: 79, b: 79, c: 38, alpha: 90, beta: 90, gamma: 90 }));
  const indexed = { spots: maps, indexing_result: true, indexing_unit_cell: cell };
  expect(findingsOf(new Map<string, unknown>(Object.entries(indexed)))).toEqual({
    spots,
    isIndexed: true,
    cell: [79, 79, 38, 90, 90, 90],
  });
  const named = finderOfSeries(new Map([['jfjoch_release', '1.0.0-rc.135']]));
  expect(findingsOf(new Map([['spots', maps]]), named)).toEqual({ spots, of: 'jfjoch 1.0.0-rc.135' });
  // It becomes part of a line.
  for (const release of [undefined, 7, '', 'a\nb', 'x'.repeat(65)])
    expect(finderOfSeries(new Map([['jfjoch_release', release]]))).toBeUndefined();
  for (const wrong of [undefined, 'x', [1, 2], [new Map([['x', 1]])], [[1, 2, 3]], [spot(Number.NaN, 2)]])
    expect(findingsOf(new Map([['spots', wrong]]))).toBeUndefined();
});

test('agreement is counted in hits and in lattices; half a pixel between the conventions is seen', () => {
  const agreement = new StreamAgreement();
  expect([agreement.lines, agreement.doubt, agreement.offset]).toEqual([[], undefined, undefined]);
  const list = (n: number, by = 0) => ({
    fs: Array.from({ length: n }, (_, i) => 20 * i + by),
    ss: Array.from({ length: n }, (_, i) => 7 * i + by),
    intensity: new Array(n).fill(1),
  });
  const cell = [79, 79, 38, 90, 90, 90];
  for (let i = 0; i < 40; i++) {
    // In a quarter of the frames, the stream has other spots, and half of the lattices have another cell.
    const spots = i % 4 === 0 ? list(30, 9) : list(30);
    const other = i % 2 ? cell : [38, 79, 79, 90, 90, 90];
    // Counted from the corner on both sides: as it is used by default, half a pixel beside.
    agreement.add({ spots, isIndexed: true, cell: other }, { hit: true, peaks: list(20), cell });
  }
  agreement.add({ spots: list(0), isIndexed: false }, { hit: false, peaks: list(0), cell: undefined });
  expect(agreement.offset).toEqual([0.5, 0.5]);
  expect(agreement.lines).toEqual([
    'Spots and lattices: ewald.',
    "The stream's spots agree in 75 % of 40 hits, 0.50, 0.50 px beside ours ▲.",
    'Its lattices agree in 50 % of 40 frames that either indexed.',
  ]);
  expect(agreement.doubt).toMatch(/^the spots that the stream sends agree .* in 75 % of 40 hits/);
});
