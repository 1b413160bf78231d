/** Butterflies of odd primes as WGSL: pairs a[i] ± a[p−i] share their products, which halves the work of the sum. */

/** `fn radixP(a) -> array`: constants from float64, so that they are rounded once. */
export function oddButterfly(p: number): string {
  const half = (p - 1) / 2;
  const list = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const constant = (value: number): string => (value < 0 ? `(${value.toPrecision(17)})` : value.toPrecision(17));
  const sum = (letter: string, k: number, trig: (angle: number) => number): string =>
    list(1, half)
      .map((i) => `${constant(trig((2 * Math.PI * ((i * k) % p)) / p))} * ${letter}${i}`)
      .join(' + ');
  return [
    `fn radix${p}(a: array<vec2f, ${p}>) -> array<vec2f, ${p}> {`,
    ...list(1, half).map((i) => `  let s${i} = a[${i}] + a[${p - i}];\n  let d${i} = turn(a[${i}] - a[${p - i}]);`),
    ...list(1, half).map(
      (k) => `  let y${k} = a[0] + ${sum('s', k, Math.cos)};\n  let z${k} = ${sum('d', k, Math.sin)};`,
    ),
    `  return array<vec2f, ${p}>(a[0] + ${list(1, half)
      .map((i) => `s${i}`)
      .join(' + ')}, ${[
      ...list(1, half).map((k) => `y${k} + z${k}`),
      ...list(1, half)
        .reverse()
        .map((k) => `y${k} - z${k}`),
    ].join(', ')});`,
    '}',
  ].join('\n');
}
