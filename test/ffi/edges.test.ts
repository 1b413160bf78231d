// Where the two languages differ in what an argument is: how long an array is, where a struct is, which members it has.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { absent, type Kit, openEdges, thrown } from './support.js';

const refusal = (work: () => unknown): string => {
  const error = thrown(work);
  return `${error.tag}: ${error.message}`;
};

for (const backend of ['native', 'wasm'] as const) {
  const missing = backend === 'native' ? absent('gcc', 'koffi') : absent('emcc');
  describe.skipIf(missing)(`${backend}${missing ? ` (absent: ${missing})` : ''}`, () => {
    let edges: Kit;
    beforeAll(async () => {
      edges = await openEdges(backend);
    });
    afterAll(() => edges.dispose());

    test('an array of arrays has as many numbers as its rows and columns say', () => {
      const cases: [name: string, sizes: number[], needed: number][] = [
        ['edges_vla', [3, 4], 12],
        ['edges_fixed', [], 12],
        ['edges_rows', [3], 12],
        ['edges_product', [2, 3], 6],
        ['edges_sum', [3], 8],
        ['edges_pointer', [4], 4],
        ['edges_cube', [2, 3], 12],
        ['edges_open', [1], 4],
      ];
      for (const [name, sizes, needed] of cases) {
        const call = (array: unknown): unknown => edges[name](...sizes, array);
        const enough = edges.alloc('double', needed);
        call(enough);
        expect([name, enough.at(-1)]).toEqual([name, 7]);
        enough.dispose();
        const short = edges.alloc('double', needed - 1);
        const marked = edges.inout(new Float64Array(needed - 1));
        for (const array of [new Float64Array(needed - 1), short, marked])
          expect(refusal(() => call(array))).toMatch(
            new RegExp(`^Shape: ${name}.* has ${needed - 1} elements; expected at least ${needed}`),
          );
        short.dispose();
      }
      const rows = edges.alloc('double[4]', 2);
      expect(refusal(() => edges.edges_fixed(rows))).toMatch(/has 8 elements; expected at least 12 \(3 rows of 4\)/);
      expect(refusal(() => edges.edges_vla(3, 3, rows))).toMatch(/at least 9 \(n \* m is 9\)/);
      rows.dispose();
    });

    test('what stands for the only element of an array is one element, and bytes are as many structs as they hold', () => {
      for (const one of [{ x: 1, y: 2 }, [{ x: 1, y: 2 }], new Uint8Array(31)])
        expect(refusal(() => edges.edges_points(one))).toMatch(/^Shape: .* has 1 elements; expected at least 2/);
      expect(refusal(() => edges.edges_scale(5))).toMatch(/has 1 elements; expected at least 2/);
      expect(edges.edges_points([{ x: 1 }, { y: 2 }])).toBe(3);
    });
  });
}
