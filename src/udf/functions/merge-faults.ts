/** Tests whether the results of a UDF are the same however its frames are divided among partitions. */
import type { ResultBuffer } from './buffers.js';
import type { Arrays, BufferArray } from './dtypes.js';
import type { AnyDefinition } from './udf.js';

type ResultBuffers = Readonly<Record<string, ResultBuffer>>;
type Merge = (scope: { readonly dest: Arrays; readonly src: Arrays }) => unknown;

const differ = (a: BufferArray, b: BufferArray): boolean =>
  a.length !== b.length || (a as Float64Array).some((value, i) => !Object.is(value, (b as Float64Array)[i]));

/** The definition with a `merge` that notes which results it has `changed`, and which it has `left` though they differ. */
function noting(definition: AnyDefinition, changed: Set<string>, left: Set<string>): AnyDefinition {
  const merge = definition.merge?.bind(definition) as Merge | undefined;
  if (!merge) return definition;
  const noted: Merge = (scope) => {
    const { dest, src } = scope;
    const before = Object.entries(dest).map(([name, array]) => [name, array, array.slice() as BufferArray] as const);
    const given = merge(scope);
    // Large results are written when `merge` returns: whether they were assigned is seen here.
    for (const [name, array, old] of before)
      if (dest[name] !== array || differ(array, old)) changed.add(name);
      else if (src[name] && differ(src[name], old)) left.add(name);
    return given;
  };
  return { ...definition, merge: noted as never };
}

/** The element in which two results differ most. */
function furthest(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  let [at, most] = [0, -1];
  for (let i = 0; i < a.length; i++) {
    const off = a[i] === b[i] ? 0 : Math.abs(Number(a[i]) - Number(b[i]));
    if (off > most || (Number.isNaN(off) && !(Number.isNaN(Number(a[i])) && Number.isNaN(Number(b[i])))))
      [at, most] = [i, off];
  }
  return at;
}

/**
 * What is wrong with the merging of a UDF, one sentence for each result: `run` runs it over all frames in so many
 * partitions, and `same` states whether two results are equal to rounding.
 */
export async function mergeFaultsOf(
  definition: AnyDefinition,
  run: (definition: AnyDefinition, numPartitions: number) => Promise<ResultBuffers>,
  same: (one: ResultBuffers, several: ResultBuffers, name: string) => boolean,
  partitions: number,
): Promise<string[]> {
  const [changed, left] = [new Set<string>(), new Set<string>()];
  const one = await run(definition, 1);
  const several = await run(noting(definition, changed, left), partitions);
  const lost = [...left].filter((name) => !changed.has(name) && Object.hasOwn(several, name));
  const forgotten = lost.map(
    (name) =>
      `merge leaves the result ${name} as it was, so that what partitions found is lost; combine it` +
      (several[name]?.kind === 'nav' ? `, as in dest.${name}.set(src.${name})` : ''),
  );
  const dependent = Object.keys(one).filter((name) => !lost.includes(name) && !same(one, several, name));
  return [
    ...forgotten,
    ...dependent.map((name) => {
      const [a, b] = [one, several].map((of) => of[name]?.data as unknown as Float64Array) as [
        Float64Array,
        Float64Array,
      ];
      const at = furthest(a, b);
      return (
        `the result ${name} depends on the number of partitions: element ${at} is ${a[at]} with one and ${b[at]} with ` +
        `${partitions}${definition.merge ? '; merge has to combine what dest has with what src has' : ''}`
      );
    }),
  ];
}
