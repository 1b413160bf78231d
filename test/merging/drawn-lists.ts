/** Lists of reflections drawn from a seed. */
import { readCell } from '../../dist/index.node.js';

export const cell = readCell('52,52,44,90,90,90');

/** A list of rows h, k, l, I, σ. */
export function listOf(symmetry: string, rows: readonly (readonly [number, number, number, number, number])[]) {
  return {
    symmetry,
    count: rows.length,
    indices: Int16Array.from(rows.flatMap((row) => row.slice(0, 3))),
    intensity: Float64Array.from(rows, ([, , , intensity]) => intensity),
    sigma: Float64Array.from(rows, ([, , , , sigma]) => sigma),
    measurements: new Float64Array(rows.length).fill(2),
  };
}

/** Reflections of 4/m with intensities that fall off, drawn from a seed. */
export function drawn(seed: number, symmetry = '4/m') {
  let state = seed >>> 0 || 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const rows: [number, number, number, number, number][] = [];
  for (let h = 0; h < 9; h++)
    for (let k = h === 0 ? 0 : 1; k < 9; k++)
      for (let l = 0; l < 9; l++) {
        if (h + k + l === 0 || uniform() < 0.2) continue;
        const mean = 1000 * Math.exp(-(h * h + k * k + l * l) / 60);
        rows.push([h, k, l, -mean * Math.log(uniform()) + 5 * (uniform() - 0.5), 5 + 20 * uniform()]);
      }
  return listOf(symmetry, rows);
}
